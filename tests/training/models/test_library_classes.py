"""Which classes a config may name."""

from __future__ import annotations

import pytest
from sklearn.linear_model import Ridge

from refinery.spec.training import ClassModel
from refinery.training.errors import FitError, ModelCodeError, ModelNotFoundError, ModelParamsError
from refinery.training.models.library_classes import find_estimator_class


def test_an_estimator_is_found_by_its_path():
    assert find_estimator_class("sklearn.linear_model.Ridge") is Ridge


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "os.system",
            r'"os.system" is not in the libraries that a config may name\. It has "sklearn", "xgboost"',
        ),
        ("subprocess.Popen", "not in the libraries"),
        ("sklearn", "not in the libraries"),
        ("sklearn..Ridge", "not in the libraries"),
        ("sklearn.linear_model.Ridge()", "not in the libraries"),
        ("sklearn.__builtins__.eval", "not in the libraries"),
        ("sklearnx.linear_model.Ridge", "not in the libraries"),
        (
            "sklearn.linear_modl.Ridge",
            r'"sklearn\.linear_modl" is not in sklearn; did you mean "sklearn\.linear_model"\? It has "sklearn\.',
        ),
        (
            "sklearn.linear_model.Rigde",
            (
                r'"sklearn\.linear_model\.Rigde" is not in sklearn\.linear_model; '
                r'did you mean "sklearn\.linear_model\.Ridge"\?'
            ),
        ),
        ("sklearn.linear_model.os.system", r'"sklearn.linear_model.os" is not in sklearn'),
    ],
)
def test_what_is_not_in_an_allowed_library_is_not_found(path, message):
    with pytest.raises(ModelNotFoundError, match=message):
        find_estimator_class(path)


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.metrics.accuracy_score",
        "sklearn.utils.Bunch",
        "sklearn.base.BaseEstimator",
        "sklearn.base.clone",
    ],
)
def test_what_is_no_estimator_class_is_refused(path):
    with pytest.raises(ModelCodeError, match="not an estimator class with a fit method"):
        find_estimator_class(path)


def test_a_transformer_is_refused_since_it_predicts_nothing(train_petrol):
    with pytest.raises(ModelCodeError, match="StandardScaler has no predict method"):
        train_petrol(model=ClassModel("sklearn.preprocessing.StandardScaler"))


def test_params_that_the_class_does_not_take_are_named(train_petrol):
    with pytest.raises(
        ModelParamsError, match=r'Ridge does not take "alhpa"; did you mean "alpha"\? It accepts "alpha"'
    ):
        train_petrol(model=ClassModel("sklearn.linear_model.Ridge"), params={"alhpa": 1})


@pytest.mark.parametrize("params", [{}, {"estimators": [["a", "Ridge"]]}])
def test_a_class_that_must_be_given_estimators_names_the_way_that_works(train_petrol, params):
    with pytest.raises(ModelCodeError, match=r"build_model returns VotingRegressor\(\.\.\.\)"):
        train_petrol(model=ClassModel("sklearn.ensemble.VotingRegressor"), params=params)


def test_a_param_of_a_wrong_value_is_reported_in_the_estimators_words(train_petrol):
    with pytest.raises(
        FitError, match="Ridge failed to fit: InvalidParameterError: The 'alpha' parameter of Ridge must"
    ):
        train_petrol(model=ClassModel("sklearn.linear_model.Ridge"), params={"alpha": "much"})


def test_a_classifier_of_numbers_is_reported_in_the_estimators_words(train_table):
    table = "x,y\n1,0.5\n2,1.5\n3,2.5\n"

    with pytest.raises(FitError, match="Unknown label type: continuous"):
        train_table(table, model=ClassModel("sklearn.linear_model.LogisticRegression"))
