"""Thresholds and calibration: chosen on folds of the training rows, and kept in the model file itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
from sklearn.svm import LinearSVC

from refinery.cli.library_classes import check_library_class
from refinery.spec.training import ClassModel, SourceOptions, Step, StepsModel
from refinery.training import load_model_file, on_cores, predict_file
from refinery.training.errors import DatasetError, ModelCodeError
from refinery.training.evaluation.decision import FOLDS

LOGISTIC = "sklearn.linear_model.LogisticRegression"
FEATURES = ["income", "age"]


@pytest.fixture(scope="module")
def table():
    """Rows of which one in four is positive, with groups, times and weights."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(400, 2)).round(3), columns=FEATURES)
    rows["paid"] = np.where(rows.income + random.normal(size=400) > 1, "yes", "no")
    rows["customer"] = random.integers(0, 80, 400)
    rows["day"] = pd.date_range("2024-01-01", periods=400).strftime("%Y-%m-%d")
    rows["w"] = random.integers(1, 5, 400)
    return rows


@pytest.fixture
def fit(train_petrol, table, tmp_path):
    def fit(model=LOGISTIC, params=None, rows=None, **fields):
        if isinstance(model, str):
            pytest.importorskip(model.partition(".")[0])
            model = ClassModel(model)
        dataset = tmp_path / "table.csv"
        rows = table if rows is None else rows
        rows.to_csv(dataset, index=False)
        used = {fields.get(name) for name in ("weight", "group_column", "time_column")}
        drop = {"customer", "day", "w"} & {*rows.columns} - used
        return train_petrol(
            dataset=dataset,
            model=model,
            target="paid",
            params=params or {},
            source=SourceOptions(drop=tuple(sorted(drop))),
            **fields,
        )

    with on_cores(1):
        yield fit


@pytest.fixture(scope="module")
def parts(table):
    return train_test_split(table, test_size=0.2, random_state=0)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (LOGISTIC, {"class_weight": "balanced"}),
        ("lightgbm.LGBMClassifier", {"n_estimators": 10}),
        ("xgboost.XGBClassifier", {"n_estimators": 10}),
        ("catboost.CatBoostClassifier", {"n_estimators": 10}),
    ],
)
@pytest.mark.parametrize("positive", [None, "no"])
def test_predictions_and_metrics_are_by_the_threshold_and_scores_are_not(
    path, params, positive, fit, tmp_path
):
    plain = fit(path, params, positive_class=positive, output_dir=tmp_path / "plain")
    result = fit(path, params, positive_class=positive, threshold=0.3, output_dir=tmp_path / "other")

    name = positive or "yes"
    held_out = result.held_out
    other = "no" if name == "yes" else "yes"
    by_hand = np.where(plain.held_out.scores >= 0.3, name, other)
    assert (held_out.predicted == by_hand).all()
    assert result.metrics["f1"] == pytest.approx(f1_score(held_out.actual, by_hand, pos_label=name))
    assert result.metrics["roc_auc"] == plain.metrics["roc_auc"]
    assert result.manifest["evaluation"]["threshold"] == {"value": 0.3}
    assert "threshold 0.3" in result.summary
    file = tmp_path / "other" / "model.pkl"
    model = load_model_file(file, result.manifest["files"]["model.pkl"]["sha256"])
    held_out.features.to_csv(tmp_path / "new.csv", index=False)
    predicted = predict_file(model, result.manifest, tmp_path / "new.csv", probabilities=True)
    assert predicted["prediction"].tolist() == by_hand.tolist()
    assert ((predicted[f"probability_{name}"] >= 0.3) == (predicted["prediction"] == name)).all()


def test_the_threshold_is_the_best_of_predictions_of_rows_that_were_not_learned_from(fit, parts):
    result = fit(maximize="f1")

    train, _ = parts
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    shares = cross_val_predict(
        LogisticRegression(random_state=0), train[FEATURES], train["paid"], cv=folds, method="predict_proba"
    )[:, 1]
    chosen = result.manifest["evaluation"]["threshold"]

    def score(threshold):
        return f1_score(train["paid"] == "yes", shares >= threshold)

    assert chosen["score"] == pytest.approx(score(chosen["value"]))
    assert chosen["score"] >= max(map(score, np.linspace(0.02, 0.98, 97))) - 0.005
    assert chosen["value"] < 0.45
    assert chosen | {"value": 0, "score": 0} == {
        "value": 0, "score": 0, "maximize": "f1", "folds": FOLDS, "rows": 320,
    }  # fmt: skip


@pytest.mark.parametrize(("method", "weight"), [("sigmoid", "w"), ("isotonic", None), ("isotonic", "w")])
@pytest.mark.parametrize(
    "estimator", [LogisticRegression(random_state=0), LinearSVC(random_state=0)], ids=["logistic", "svm"]
)
def test_probabilities_are_those_of_scikit_learns_calibration(estimator, method, weight, fit, parts):
    path = LOGISTIC if isinstance(estimator, LogisticRegression) else "sklearn.svm.LinearSVC"
    result = fit(path, calibrate=method, weight=weight)

    train, test = parts
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(train, train["paid"]))
    expected = CalibratedClassifierCV(estimator, method=method, cv=folds, ensemble=False)
    expected.fit(train[FEATURES], train["paid"], sample_weight=train[weight] if weight else None)
    assert result.held_out.scores == pytest.approx(expected.predict_proba(test[FEATURES])[:, 1], abs=1e-6)
    assert result.manifest["evaluation"]["calibration"] == {"method": method, "folds": FOLDS, "rows": 320}


@pytest.mark.parametrize(
    "rules",
    [
        {"group_column": "customer", "cross_validation": 2},
        {"time_column": "day", "gap": 2},
        {"weight": "w", "stratify": True},
        {"calibrate": None, "group_column": "customer", "positive_class": "no"},
    ],
)
@pytest.mark.parametrize("path", [LOGISTIC, "lightgbm.LGBMClassifier"])
def test_threshold_and_calibration_follow_groups_times_and_weights_and_repeat(path, rules, fit, tmp_path):
    params = {"n_estimators": 60} if path != LOGISTIC else {}
    stopping = {"stopping_rounds": 5} if path != LOGISTIC else {}
    fields = {"maximize": "balanced_accuracy", "calibrate": "sigmoid", **stopping, **rules}
    one, other = (fit(path, params, output_dir=tmp_path / name, **fields) for name in "ab")

    assert one.manifest["files"]["model.pkl"]["sha256"] == other.manifest["files"]["model.pkl"]["sha256"]
    assert one.metrics["roc_auc"] > 0.6
    held_out, chosen = one.held_out, one.manifest["evaluation"]["threshold"]
    positive = rules.get("positive_class", "yes")
    assert ((held_out.scores >= chosen["value"]) == (held_out.predicted == positive)).all()
    learned = one.manifest["split"]["train_rows"]
    assert chosen["rows"] < learned if "time_column" in rules else chosen["rows"] == learned


def test_steps_and_modules_decide_too(fit, train_module, table, tmp_path):
    steps = StepsModel((Step("sklearn.preprocessing.StandardScaler"), Step(LOGISTIC)))
    result = fit(steps, threshold=0.2, calibrate="isotonic")
    assert recall_score(result.held_out.actual, result.held_out.predicted, pos_label="yes") > 0.7

    dataset = tmp_path / "module.csv"
    table[[*FEATURES, "paid"]].to_csv(dataset, index=False)
    for source in (
        """
        from sklearn.naive_bayes import GaussianNB

        def build_model():
            return GaussianNB()
        """,
        """
        from sklearn.naive_bayes import GaussianNB

        def fit(features, target):
            return GaussianNB().fit(features, target)
        """,
    ):
        of_module = train_module(source, dataset=dataset, target="paid", maximize="f1")
        assert of_module.manifest["evaluation"]["threshold"]["maximize"] == "f1"
        assert roc_auc_score(of_module.held_out.actual, of_module.held_out.scores) > 0.7


def test_the_formats_that_can_keep_it_do(fit, tmp_path):
    for at, (model_format, fields) in enumerate(
        [("skops", {"maximize": "f1", "calibrate": "isotonic"}), ("onnx", {"calibrate": "sigmoid"})]
    ):
        result = fit(model_format=model_format, output_dir=tmp_path / str(at), **fields)
        assert f"model.{model_format}" in result.manifest["files"]


def test_a_model_whose_classifier_is_not_declared_is_refused(train_module, table, tmp_path):
    dataset = tmp_path / "module.csv"
    table[[*FEATURES, "paid"]].to_csv(dataset, index=False)
    with pytest.raises(ModelCodeError, match=r"evaluate.threshold: Mine is not a classifier"):
        train_module(
            """
            import numpy as np

            class Mine:
                def fit(self, X, y):
                    self.classes_ = np.array(sorted(set(y)))
                    return self

                def predict(self, X):
                    return np.array(["no"] * len(X))

            def build_model():
                return Mine()
            """,
            dataset=dataset,
            target="paid",
            threshold=0.3,
        )


REFUSED = [
    ("sklearn.linear_model.Ridge", {"threshold": 0.3}, "evaluate.threshold: Ridge is not a classifier"),
    ("lightgbm.LGBMRegressor", {"calibrate": "sigmoid"}, "evaluate.calibrate: LGBMRegressor is not a classifier"),
    ("sklearn.svm.LinearSVC", {"threshold": 0.3}, "LinearSVC gives no probabilities, only distances; add evaluate.calibrate"),
    ("sklearn.linear_model.Perceptron", {"maximize": "f1"}, "Perceptron gives no probabilities, only distances"),
    ("sklearn.svm.SVC", {"maximize": "f1"}, "SVC gives no probabilities, only distances"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "fields", "text"), REFUSED)
def test_what_cannot_decide_is_refused_at_validate_and_in_training(path, fields, text, fit):
    pytest.importorskip(path.partition(".")[0])
    followed = frozenset({"calibrate" if "calibrate" in fields else "threshold"})
    [problem] = check_library_class(path, {}, incremental=False, followed=followed)
    assert text in problem
    message = "a regressor, only predicts numbers" if "classifier" in text else text
    with pytest.raises((ModelCodeError, DatasetError), match=message):
        fit(path, **fields)


@pytest.mark.parametrize("threshold", [0, 1, 30.0])
def test_a_threshold_that_is_no_probability_is_refused(threshold, fit):
    with pytest.raises(DatasetError, match=r"evaluate.threshold: \d+ is not a probability between 0 and 1"):
        fit(threshold=threshold)


def test_three_classes_are_refused(fit, table):
    rows = table.assign(paid=np.where(table.income > 1.5, "maybe", table.paid))
    with pytest.raises(DatasetError, match=r'evaluate.calibrate: the target "paid" has 3 classes'):
        fit(rows=rows, calibrate="sigmoid")


@pytest.mark.parametrize(
    ("rows", "fields", "text"),
    [
        (40, {"group_column": "customer"}, "the 30 training rows cannot be split again"),
        (40, {"test_size": 0.1, "time_column": "day"}, "has no rows of both classes"),
    ],
)
def test_too_few_rows_for_folds_are_refused(rows, fields, text, fit, table):
    few = table.head(rows).assign(paid=["no"] * rows, customer=np.arange(rows) % 4)
    few.loc[rows - 9 : rows - 6, "paid"] = "yes"
    with pytest.raises(DatasetError, match=text):
        fit(rows=few, maximize="f1", **fields)


@pytest.mark.parametrize("fields", [{"threshold": 0.3}, {"calibrate": "sigmoid"}, {"stopping_rounds": 5}])
def test_batches_are_refused(fields, train_petrol):
    with pytest.raises(DatasetError, match=r"need all rows together: set fit.mode to whole"):
        train_petrol(model=ClassModel("sklearn.linear_model.SGDClassifier"), batch_rows=100, **fields)
