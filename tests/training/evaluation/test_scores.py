"""What each metric means, and when it is left out."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.spec.training import ClassModel
from refinery.training.errors import FitError
from refinery.training.evaluation.metrics import find_metrics
from refinery.training.evaluation.precomputed import Predictions
from refinery.training.evaluation.scores import evaluate

SIDES = pd.Series(["left", "right", "right", "left", "right"], name="side")
PREDICTED = np.array(["left", "right", "left", "right", "right"], dtype=object)


def test_regression_is_judged_by_four_metrics():
    evaluation = evaluate(REGRESSION, pd.Series([1.0, 2.0, 4.0]), Predictions(np.array([1.0, 3.0, 2.0])))

    assert evaluation.metrics == pytest.approx(
        {"mae": 1, "mse": 5 / 3, "rmse": math.sqrt(5 / 3), "r2": -1 / 14}
    )


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_metrics_beyond_all_numbers_are_left_out_with_a_note():
    evaluation = evaluate(REGRESSION, pd.Series([1e200, 0.0]), Predictions(np.array([0.0, 1.0])))

    assert evaluation.metrics.keys() == {"mae"}
    assert evaluation.notes[0] == "mse is left out: it is inf"


def test_a_model_that_predicts_no_numbers_is_refused(train_module):
    source = """
        import numpy as np

        class Lost:
            def fit(self, X, y): ...

            def predict(self, X):
                return np.full(len(X), np.nan)

        build_model = Lost
        """
    with pytest.raises(
        FitError,
        match="Lost failed to predict: 10 of 10 predictions are missing or not finite numbers, the first is nan for row 1",
    ):
        train_module(source)


def test_r2_of_one_row_is_left_out_with_a_note():
    evaluation = evaluate(REGRESSION, pd.Series([1.0]), Predictions(np.array([2.0])))

    assert evaluation.metrics == {"mae": 1, "mse": 1, "rmse": 1}
    assert evaluation.notes == ("r2 is left out: it needs two held-out rows or more",)


def test_of_two_classes_f1_and_roc_auc_are_those_of_the_one_that_sorts_last():
    scores = np.array([0.1, 0.9, 0.4, 0.6, 0.7])
    evaluation = evaluate(CLASSIFICATION, SIDES, Predictions(PREDICTED, ("left", "right"), decision=scores))

    assert evaluation.metrics == pytest.approx(
        {
            "accuracy": 0.6,
            "f1": f1_score(SIDES, PREDICTED, pos_label="right"),
            "roc_auc": roc_auc_score(SIDES == "right", scores),
        }
    )
    assert evaluation.definitions == {"f1": "of class right", "roc_auc": "of class right"}


@pytest.mark.parametrize("scored", ["decision", "probabilities"])
def test_of_two_classes_the_one_that_is_asked_for_counts_as_positive(scored):
    scores = np.array([0.1, 0.9, 0.4, 0.6, 0.7])
    given = scores if scored == "decision" else np.column_stack([1 - scores, scores])
    metrics = find_metrics(["precision", "recall", "jaccard", "average_precision", "brier_score", "roc_auc"])
    if scored == "decision":
        metrics = tuple(metric for metric in metrics if metric.name != "brier_score")

    predictions = Predictions(PREDICTED, ("left", "right"), **{scored: given})
    evaluation = evaluate(CLASSIFICATION, SIDES, predictions, metrics, "left")

    is_left = SIDES == "left"
    expected = {
        "precision": precision_score(SIDES, PREDICTED, pos_label="left"),
        "recall": recall_score(SIDES, PREDICTED, pos_label="left"),
        "jaccard": jaccard_score(SIDES, PREDICTED, pos_label="left"),
        "average_precision": average_precision_score(is_left, 1 - scores),
        "brier_score": brier_score_loss(is_left, 1 - scores),
        "roc_auc": roc_auc_score(is_left, 1 - scores),
    }
    assert evaluation.metrics == pytest.approx({metric.name: expected[metric.name] for metric in metrics})
    assert evaluation.definitions["recall"] == "of class left"
    assert evaluation.positive == "left"


def test_of_many_classes_f1_is_weighted_and_roc_auc_each_against_the_rest():
    target = pd.Series([0, 1, 2, 2])
    scores = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.1, 0.5, 0.4], [0.0, 0.1, 0.9]])
    predicted = scores.argmax(axis=1)

    metrics = evaluate(CLASSIFICATION, target, Predictions(predicted, (0, 1, 2), scores)).metrics

    assert metrics["f1"] == pytest.approx(f1_score(target, predicted, average="weighted"))
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(target, scores, multi_class="ovr"))


@pytest.mark.parametrize(
    ("target", "classes", "scores", "note"),
    [
        (["a", "a"], ("a", "b"), [0.1, 0.2], "no held-out row is of class b"),
        (["a", "c"], ("a", "b"), [0.1, 0.2], "no held-out row is of class b"),
        (["a", "b", "c"], ("a", "b"), [0.1, 0.2, 0.3], "no row to learn from is of class c"),
        (["a", "b"], ("a", "b"), None, "the model gives no probabilities"),
    ],
)
def test_roc_auc_is_left_out_with_a_note_where_it_has_no_meaning(target, classes, scores, note):
    predictions = Predictions(np.array(["a"] * len(target)), classes, decision=scores and np.array(scores))

    evaluation = evaluate(CLASSIFICATION, pd.Series(target), predictions)

    assert "roc_auc" not in evaluation.metrics
    assert evaluation.metrics.keys() == {"accuracy", "f1"}
    assert evaluation.notes == (f"roc_auc is left out: {note}",)


@pytest.mark.parametrize(
    ("model", "metrics"),
    [
        ("sklearn.linear_model.LogisticRegression", {"accuracy", "f1", "roc_auc"}),
        ("sklearn.svm.LinearSVC", {"accuracy", "f1", "roc_auc"}),
        ("sklearn.linear_model.RidgeClassifier", {"accuracy", "f1", "roc_auc"}),
        ("sklearn.neighbors.NearestCentroid", {"accuracy", "f1", "roc_auc"}),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"accuracy", "f1", "roc_auc"}),
    ],
)
@pytest.mark.parametrize("labels", [("no", "yes"), ("0", "1"), ("True", "False")])
def test_binary_classifiers_with_any_labels_have_all_metrics(train_table, model, metrics, labels):
    rows = "".join(f"{i},{labels[i % 2]}\n" for i in range(40))

    result = train_table(f"x,y\n{rows}", model=ClassModel(model))

    assert result.metrics.keys() == metrics
    assert result.manifest["evaluation"]["task"] == "classification"


def test_a_wine_classifier_of_three_cultivars_has_a_roc_auc(train_petrol, sample_data):
    result = train_petrol(
        dataset=sample_data / "datasets" / "wine_cultivar.csv",
        model=ClassModel("sklearn.ensemble.RandomForestClassifier"),
    )

    assert result.metrics["roc_auc"] > 0.95
    assert result.manifest["seeds"] == {"random_state": 0, "set_on_estimator": ["random_state"]}
