"""Which metrics may be named, and what is said of those that may not."""

from __future__ import annotations

import pytest
from sklearn.metrics import get_scorer, get_scorer_names

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.spec.training import ClassModel
from refinery.training.errors import MetricError, UnknownMetricError
from refinery.training.evaluation.metrics import find_metrics

RIDGE = ClassModel("sklearn.linear_model.Ridge")


def test_every_scorer_of_scikit_learn_is_a_metric_whose_direction_and_task_are_known():
    for metric in find_metrics(get_scorer_names()):
        scorer = get_scorer(metric.scorer)
        of_regression = scorer._score_func.__module__.endswith("_regression")
        assert metric.higher_is_better == (scorer._sign == 1)
        assert metric.task == (REGRESSION if of_regression else CLASSIFICATION), metric


@pytest.mark.parametrize(
    ("name", "scorer"),
    [
        ("mae", "neg_mean_absolute_error"),
        ("neg_mean_absolute_error", "neg_mean_absolute_error"),
        ("mean_absolute_error", "neg_mean_absolute_error"),
        ("max_error", "neg_max_error"),
        ("r2", "r2"),
    ],
)
def test_errors_go_by_their_names_without_the_sign(name, scorer):
    (metric,) = find_metrics([name])

    assert metric.scorer == scorer
    assert metric.name == name.removeprefix("neg_")


def test_errors_are_positive(train_petrol):
    metrics = train_petrol(
        metrics=["mae", "neg_mean_absolute_error", "max_error", "explained_variance"]
    ).metrics

    assert list(metrics) == ["mae", "mean_absolute_error", "max_error", "explained_variance"]
    assert metrics["mae"] == metrics["mean_absolute_error"] == pytest.approx(48.339, abs=5e-4)
    assert metrics["max_error"] > metrics["mae"]


@pytest.mark.parametrize("where", ["metrics", "require"])
def test_an_unknown_metric_is_reported_with_the_nearest_before_anything_is_read(
    train_petrol, tmp_path, where
):
    fields = {"metrics": ["rmsee"]} if where == "metrics" else {"require": {"rmsee": {"max": 1}}}

    with pytest.raises(UnknownMetricError, match='no metric "rmsee"; did you mean "rmse"'):
        train_petrol(dataset=tmp_path / "missing.csv", **fields)


def test_a_metric_of_another_task_is_refused_before_the_fit(train_petrol):
    message = 'The metric "accuracy" does not measure regression, which is this model\'s task: choose others, such as "mae"'
    with pytest.raises(MetricError, match=message):
        train_petrol(metrics=["r2", "accuracy"])


def test_every_metric_of_a_task_has_a_value_or_a_note(train_petrol, sample_data):
    for task, model in ((REGRESSION, RIDGE), (CLASSIFICATION, ClassModel("sklearn.naive_bayes.GaussianNB"))):
        names = [m.name for m in find_metrics(get_scorer_names()) if m.task == task]
        dataset = (
            sample_data
            / "datasets"
            / ("diabetes_progression.parquet" if task == REGRESSION else "wine_cultivar.csv")
        )

        result = train_petrol(dataset=dataset, model=model, metrics=names)

        noted = {note.split(" is left out: ")[0] for note in result.manifest["notes"]}
        assert set(result.metrics) | noted == set(names)
        assert not set(result.metrics) & noted
        # Those of several labels a row, and of two classes.
        assert all(name.endswith(("_samples", "_likelihood_ratio")) for name in noted)


@pytest.mark.parametrize("labels", [("no", "yes"), ("0", "1"), ("-1", "1"), ("False", "True")])
def test_metrics_of_one_class_are_those_of_the_class_that_sorts_last_whatever_its_name(train_table, labels):
    rows = "".join(f"{i},{labels[i % 2]}\n" for i in range(80))
    names = [
        "precision",
        "recall",
        "f1",
        "average_precision",
        "neg_log_loss",
        "balanced_accuracy",
        "top_k_accuracy",
    ]
    model = ClassModel("sklearn.tree.DecisionTreeClassifier")

    result = train_table(f"x,y\n{rows}", model=model, params={"max_depth": 2}, metrics=names)

    assert set(result.metrics) == {name.removeprefix("neg_") for name in names}
    assert result.manifest["evaluation"]["definitions"]["recall"] == f"of class {max(labels)}"


def test_with_three_classes_precision_and_recall_are_weighted(train_petrol, sample_data):
    result = train_petrol(
        dataset=sample_data / "datasets" / "wine_cultivar.csv",
        model=ClassModel("sklearn.naive_bayes.GaussianNB"),
        metrics=["recall", "recall_weighted", "precision"],
    )

    assert result.metrics["recall"] == result.metrics["recall_weighted"]
    assert result.manifest["evaluation"]["definitions"]["precision"].startswith("mean over the classes")
