"""A module that brings `fit(X, y, **params)` and returns the fitted model."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from refinery.training.errors import FitError, ModelCodeError, ModelParamsError, UserCodeError

RIDGE = """
    from sklearn.linear_model import Ridge

    def fit(X, y, alpha=1.0):
        return Ridge(alpha=alpha).fit(X, y)
    """


def test_what_fit_returns_is_judged_and_kept(train_module, tmp_path):
    result = train_module(RIDGE, params={"alpha": 2.0}, cross_validation=3)

    assert result.manifest["model"]["function"] == "fit"
    assert result.metrics.keys() == {"mae", "mse", "rmse", "r2"}
    assert result.manifest["spread"].keys() == result.metrics.keys()
    assert pickle.loads((tmp_path / "model" / "model.pkl").read_bytes()).alpha == 2.0
    assert result.manifest["seeds"]["set_on_estimator"] == []


def test_a_classifier_is_known_by_what_fit_returns(train_module, sample_data):
    source = """
        from sklearn.tree import DecisionTreeClassifier

        def fit(X, y):
            return DecisionTreeClassifier(random_state=0).fit(X, y)
        """
    result = train_module(
        source, dataset=sample_data / "datasets" / "wine_cultivar.csv", stratify=True, cross_validation=3
    )

    assert result.manifest["evaluation"]["task"] == "classification"
    assert result.metrics["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("signature", "params", "seeded", "given"),
    [
        ("X, y, random_state=None", {}, ["random_state"], 5),
        ("X, y, random_state", {}, ["random_state"], 5),
        ("X, y, random_state=None", {"random_state": 7}, [], 7),
        ("X, y, random_state=3", {}, [], 3),
        ("X, y", {}, [], None),
    ],
)
def test_it_gets_the_seed_where_it_takes_one_that_is_open(train_module, signature, params, seeded, given):
    source = f"""
        from sklearn.tree import DecisionTreeRegressor

        def fit({signature}):
            return DecisionTreeRegressor(random_state=locals().get("random_state")).fit(X, y)
        """
    result = train_module(source, params=params, random_state=5)

    assert result.manifest["seeds"]["set_on_estimator"] == seeded
    assert result.model.random_state == given


def test_columns_that_it_adds_to_its_table_are_its_own(train_module):
    result = train_module(
        """
        from sklearn.dummy import DummyRegressor

        def fit(X, y):
            X["more"] = 1
            return DummyRegressor().fit(X, y)
        """,
        cross_validation=2,
    )

    assert "more" not in result.held_out.features


def test_generators_that_it_draws_from_are_as_before_when_it_ends(train_module):
    np.random.seed(1)  # noqa: NPY002 - the legacy one is meant
    expected = np.random.RandomState(1).random()

    train_module(RIDGE)

    assert np.random.random() == expected  # noqa: NPY002


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            "def fit(X): ...\n",
            ModelCodeError,
            "mine.py: fit must take the features and the target as its",
        ),
        (
            "def fit(X, y, *, depth): ...\n",
            ModelParamsError,
            'params: fit needs "depth". It accepts "depth".',
        ),
        (
            "def fit(X, y): ...\n",
            ModelCodeError,
            "mine.py: fit returned nothing: end it with a return of the",
        ),
        ("def fit(X, y): return X\n", ModelCodeError, "mine.py: a DataFrame has no predict method"),
        (
            "def fit(X, y):\n    return X['no']\n",
            UserCodeError,
            "mine.py:2: mine.fit raised KeyError: 'no'\nTraceback",
        ),
        (
            "def fit(X, y):\n    exit(3)\n",
            UserCodeError,
            "mine.py:2: mine.fit left the process with exit status 3",
        ),
        (
            "from sklearn.linear_model import Ridge\ndef fit(X, y): return Ridge()\n",
            FitError,
            "mine failed to predict: NotFittedError",
        ),
        (
            "def fit(X, y): ...\ndef build_model(): ...\n",
            ModelCodeError,
            "mine.py: it defines build_model and fit: define exactly one of build_model, fit, train.",
        ),
    ],
)
def test_one_that_fails_is_reported_with_its_own_file_and_line(
    train_module, tmp_path, source, error, message
):
    with pytest.raises(error) as raised:
        train_module(source)

    assert str(raised.value).replace(f"{tmp_path / 'models'}/", "").startswith(message)
    assert not (tmp_path / "model" / "manifest.json").exists()
