"""Weighted rows: the fit and the metrics are those of scikit-learn with sample_weight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from refinery.cli.library_classes import check_library_class
from refinery.spec.training import ClassModel
from refinery.training import weight_problem
from refinery.training.errors import ColumnRoleError, DatasetError, MetricError, ModelCodeError

RIDGE = ClassModel("sklearn.linear_model.Ridge")


def weighted(table, seed=0):
    return table.assign(w=np.random.default_rng(seed).integers(0, 5, len(table)))


@pytest.fixture(scope="module")
def diabetes():
    return weighted(load_diabetes(as_frame=True).frame)


def test_fit_metrics_baseline_and_folds_are_weighted(train_table, diabetes):
    result = train_table(
        diabetes.to_csv(index=False), model=RIDGE, target="target", weight="w", cross_validation=3
    )

    x, y, w = diabetes.drop(columns=["target", "w"]), diabetes["target"], diabetes["w"].astype(float)
    x_train, x_test, y_train, y_test, w_train, w_test = train_test_split(
        x, y, w, test_size=0.2, random_state=0
    )
    plain = Ridge().fit(x_train, y_train, sample_weight=w_train)
    assert result.model.coef_ == pytest.approx(plain.coef_)
    assert result.metrics["mae"] == pytest.approx(
        mean_absolute_error(y_test, plain.predict(x_test), sample_weight=w_test)
    )
    mean = DummyRegressor().fit(x_train, y_train, sample_weight=w_train).predict(x_test)
    assert result.manifest["baseline"]["mae"] == pytest.approx(
        mean_absolute_error(y_test, mean, sample_weight=w_test)
    )
    scores = []
    for train, test in KFold(3, shuffle=True, random_state=0).split(x):
        fold = Ridge().fit(x.iloc[train], y[train], sample_weight=w[train])
        scores.append(mean_absolute_error(y[test], fold.predict(x.iloc[test]), sample_weight=w[test]))
    assert result.manifest["cross_validation"]["mean"]["mae"] == pytest.approx(np.mean(scores))
    assert result.manifest["data"]["left_out"] == {"w": "is the weight column"}
    assert result.manifest["evaluation"]["weighted_by"] == "w"
    assert '(weighted by "w")' in result.summary


def test_a_weight_goes_through_the_preparation_and_into_scores_of_classes(train_table):
    table = weighted(load_breast_cancer(as_frame=True).frame)
    table.loc[::7, "mean radius"] = None
    model = ClassModel("sklearn.linear_model.LogisticRegression")

    result = train_table(
        table.to_csv(index=False), model=model, target="target", weight="w", preprocess="auto"
    )

    held_out = result.held_out
    assert result.metrics["roc_auc"] == pytest.approx(
        roc_auc_score(held_out.actual, held_out.scores, sample_weight=held_out.weights)
    )
    assert (
        held_out.weights.tolist()
        == table["w"].iloc[train_test_split(range(len(table)), test_size=0.2, random_state=0)[1]].tolist()
    )


def test_a_fit_function_is_given_the_weights(train_module, petrol):
    result = train_module(
        """
        from sklearn.linear_model import Ridge

        def fit(X, y, sample_weight):
            return Ridge().fit(X, y, sample_weight=sample_weight)
        """,
        weight="Petrol_tax",
    )

    table = pd.read_csv(petrol)
    x = table.drop(columns="Petrol_tax").iloc[:, :-1]
    train = train_test_split(range(len(table)), test_size=0.2, random_state=0)[0]
    plain = Ridge().fit(x.iloc[train], table.iloc[train, -1], sample_weight=table["Petrol_tax"].iloc[train])
    assert result.model.coef_ == pytest.approx(plain.coef_)


@pytest.mark.parametrize(
    ("estimator", "takes"),
    [
        (Ridge(), True),
        (make_pipeline(StandardScaler(), Ridge()), True),
        (GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]}), True),
        (StackingRegressor([("a", Ridge()), ("b", LinearRegression())]), True),
        (VotingClassifier([("a", LogisticRegression())]), True),
        (VotingClassifier([("a", KNeighborsClassifier())]), False),
        (KNeighborsRegressor(), False),
        (make_pipeline(StandardScaler(), KNeighborsRegressor()), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_estimators_take_weights_is_what_their_fit_says(train_module, estimator, takes):
    assert (weight_problem(estimator) is None) == takes


def test_validate_names_a_class_that_takes_none():
    problems = check_library_class(
        "sklearn.neighbors.KNeighborsRegressor", {}, incremental=False, weighted=True
    )

    assert problems == [
        "weight: KNeighborsRegressor takes no sample_weight in fit; choose an estimator that does, or remove weight"
    ]


def table_with(*weights):
    values = [*weights, *([1] * (20 - len(weights)))]
    return "x,w,y\n" + "".join(f"{i},{weight},{i * 2}\n" for i, weight in enumerate(values))


@pytest.mark.parametrize(
    ("text", "fields", "error", "message"),
    [
        (table_with(1, 1, -1), {}, DatasetError, r"negative or infinite, the first in row 3 \(-1\)"),
        (table_with(1, ""), {}, DatasetError, r"the first in row 2 \(no value\)"),
        (table_with("inf"), {}, DatasetError, r"the first in row 1 \(inf\)"),
        (table_with(*[0] * 20), {}, DatasetError, r"is 0 in all 20 rows \(row 1 to 20\)"),
        (table_with(*"ab" * 10), {}, DatasetError, "holds values such as .a., which are not numbers"),
        (
            table_with(),
            {"weight": "ww"},
            DatasetError,
            "weight: the dataset has no column .ww.; did you mean .w.",
        ),
        (table_with(), {"target": "w"}, ColumnRoleError, "is the target and weight"),
        (table_with(), {"features": ("x", "w")}, ColumnRoleError, "is the weight and in features"),
        (table_with(), {"metrics": ["max_error"]}, MetricError, "the metric .max_error. takes no weights"),
        (
            table_with(),
            {"model": ClassModel("sklearn.neighbors.KNeighborsRegressor")},
            ModelCodeError,
            "weight: KNeighborsRegressor takes no sample_weight",
        ),
    ],
)
def test_what_cannot_be_weighted_says_why(train_table, text, fields, error, message):
    with pytest.raises(error, match=message):
        train_table(text, **{"model": RIDGE, "weight": "w"} | fields)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("def fit(X, y):\n    pass\n", "fit takes no sample_weight"),
        ("def train(dataset_path, model_path):\n    pass\n", "weight is not for mine, whose own code reads"),
    ],
)
def test_functions_that_do_not_take_weights_are_refused(train_module, function, message):
    with pytest.raises((ModelCodeError, DatasetError), match=message):
        train_module(function, weight="Petrol_tax")
