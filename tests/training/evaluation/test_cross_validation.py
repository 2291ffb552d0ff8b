"""How much the metrics vary: the same figures as scikit-learn's own cross-validation gives."""

from __future__ import annotations

import statistics

import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, cross_val_score

from refinery.spec.training import ClassModel
from refinery.training.errors import FitError

RIDGE = ClassModel("sklearn.linear_model.Ridge")


def expect(manifest, name, scores):
    assert manifest["cross_validation"]["mean"][name] == pytest.approx(scores.mean())
    assert manifest["spread"][name] == pytest.approx(statistics.stdev(scores))


def test_a_regressors_spread_is_that_of_shuffled_folds_and_its_metrics_stay_those_of_the_held_out_rows(
    train_petrol, petrol
):
    plain = train_petrol(model=RIDGE)
    result = train_petrol(model=RIDGE, cross_validation=4)

    table = pd.read_csv(petrol)
    folds = KFold(4, shuffle=True, random_state=0)
    expect(result.manifest, "r2", cross_val_score(Ridge(), table.iloc[:, :-1], table.iloc[:, -1], cv=folds))
    assert result.manifest["cross_validation"]["folds"] == 4
    assert result.metrics == plain.metrics
    assert result.manifest["files"] == plain.manifest["files"]
    assert "standard deviation over 4 folds" in result.summary
    assert "spread" not in plain.manifest


def test_a_classifiers_folds_are_stratified(train_table):
    table = load_iris(as_frame=True).frame
    result = train_table(
        table.to_csv(index=False),
        model=ClassModel("sklearn.linear_model.LogisticRegression"),
        params={"max_iter": 1000},
        cross_validation=3,
    )

    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    model = LogisticRegression(max_iter=1000, random_state=0)
    expect(
        result.manifest, "accuracy", cross_val_score(model, table.iloc[:, :-1], table.iloc[:, -1], cv=folds)
    )


def test_in_time_each_fold_learns_from_what_was_before(train_table):
    rows = [(2000 + (i * 7) % 40, i % 5, (i * 7) % 40 + (i % 5) ** 2) for i in range(40)]
    table = pd.DataFrame(rows, columns=["year", "x", "y"])
    result = train_table(table.to_csv(index=False), model=RIDGE, time_column="year", cross_validation=3)

    ordered = table.sort_values("year")
    expect(
        result.manifest, "r2", cross_val_score(Ridge(), ordered[["x"]], ordered["y"], cv=TimeSeriesSplit(3))
    )


def test_a_metric_that_has_no_value_in_a_fold_has_no_spread(train_table):
    text = "x,y\n" + "".join(f"{i % 7},{i % 11}\n" for i in range(6))

    result = train_table(text, model=RIDGE, cross_validation=6)

    assert set(result.manifest["spread"]) == {"mae", "mse", "rmse"}


def test_a_fold_knows_nothing_of_the_fold_before(train_module):
    result = train_module(
        """
        class CountsItsFits:
            fits = 0

            def fit(self, X, y):
                self.fits += 1

            def predict(self, X):
                return [float(self.fits)] * len(X)

        build_model = CountsItsFits
        """,
        cross_validation=3,
    )

    assert result.model.fits == 1


def test_a_model_that_cannot_be_copied_is_reported(train_module):
    source = """
        import threading

        class Locked:
            def __init__(self):
                self.lock = threading.Lock()

            def fit(self, X, y): ...

            def predict(self, X):
                return [0.0] * len(X)

        build_model = Locked
        """
    with pytest.raises(FitError, match="Locked failed to be copied for cross-validation: cannot pickle"):
        train_module(source, cross_validation=3)
