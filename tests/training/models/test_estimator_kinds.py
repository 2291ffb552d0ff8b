"""Which estimators learn a target: the others are refused before they are fitted, by class, module and fit alike."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators, get_tags

from refinery.cli.library_classes import check_library_class, check_library_classes
from refinery.training import ClassModel
from refinery.training.errors import ModelCodeError
from refinery.training.evaluation.model_output import ask_values
from refinery.training.models.estimators import build_from_class
from refinery.training.models.library_classes import find_estimator_class

# Deprecated classes, and fits that are cut short.
pytestmark = pytest.mark.filterwarnings("ignore")
TRAIN = r"train\(dataset_path, model_path\)"


def path_of(estimator_class):
    module = estimator_class.__module__.partition("._")[0]
    return f"{module}.{estimator_class.__name__}"


def has_required_params(estimator_class):
    parameters = inspect.signature(estimator_class).parameters.values()
    return any(one.default is one.empty and one.kind is not one.VAR_KEYWORD for one in parameters)


def learns_a_target(estimator_class):
    """Say from what the class does, not from how it is checked, whether a pipeline can train it."""
    if not hasattr(estimator_class, "predict") or estimator_class.__name__ == "SelfTrainingClassifier":
        return False  # the latter needs an estimator to wrap, though its signature does not say so
    if has_required_params(estimator_class):
        return True
    tags = get_tags(estimator_class())
    return tags.estimator_type in ("regressor", "classifier") and tags.target_tags.single_output


def test_each_class_of_scikit_learn_is_accepted_or_refused_by_validate_and_training_alike():
    for name, found in all_estimators():
        path = path_of(found)
        problems = check_library_class(path, {}, incremental=False)
        if learns_a_target(found) and not has_required_params(found):
            build_from_class(find_estimator_class(path), {}, 0)
            assert problems == [], name
            continue
        with pytest.raises(ModelCodeError):
            build_from_class(find_estimator_class(path), {}, 0)
        assert len(problems) == 1, name
        assert name in problems[0], name


def test_each_class_that_is_accepted_predicts_one_value_for_each_row():
    digits = np.random.default_rng(0).integers(0, 9, (60, 12)).astype(float)
    rows = pd.DataFrame(digits, columns=list("abcdefghijkl"))
    target = pd.Series([row % 3 + 1 for row in range(60)])
    for name, found in all_estimators():
        if not learns_a_target(found) or has_required_params(found):
            continue
        known = inspect.signature(found).parameters
        few = {param: 3 for param in ("n_estimators", "max_iter") if param in known}
        columns = rows[["a"]] if name == "IsotonicRegression" else rows
        one = {"n_components": 1} if name in ("CCA", "PLSCanonical") else {}  # as many as targets
        fitted = found(**few, **one).fit(columns, target)
        assert len(ask_values(fitted, columns)) == len(rows), name


STACKED = """
from sklearn.ensemble import {name}
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTree{kind}

def build_model():
    stacked = {name}([("one", DecisionTree{kind}(max_depth=2)), ("two", DecisionTree{kind}(max_depth=1))])
    return {built}
"""


class TestEnsemblesWithADefaultFinalEstimator:
    @pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
    @pytest.mark.parametrize("name", ["Stacking", "Voting"])
    @pytest.mark.parametrize("built", ["stacked", "make_pipeline(StandardScaler(), stacked)"])
    def test_by_module(self, train_module, three_columns, name, kind, built):
        source = STACKED.format(name=f"{name}{kind}", kind=kind, built=built)

        target = "group" if kind == "Classifier" else "value"
        result = train_module(source, dataset=three_columns, target=target, features=("a",))

        assert ("accuracy" if kind == "Classifier" else "r2") in result.metrics

    def test_in_a_search(self, train_module, three_columns):
        built = "GridSearchCV(stacked, {'one__max_depth': [1, 2]}, cv=2)"
        source = STACKED.format(name="StackingRegressor", kind="Regressor", built=built)

        assert "r2" in train_module(source, dataset=three_columns, target="value", features=("a",)).metrics

    @pytest.mark.parametrize(
        "name", ["StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor"]
    )
    def test_by_class(self, train_petrol, three_columns, name):
        kind = DecisionTreeClassifier if name.endswith("Classifier") else DecisionTreeRegressor
        estimators = [("one", kind(max_depth=2)), ("two", kind(max_depth=1))]

        result = train_petrol(
            model=ClassModel(f"sklearn.ensemble.{name}"),
            params={"estimators": estimators},
            dataset=three_columns,
            features=("a",),
            target="group" if name.endswith("Classifier") else "value",
        )

        assert result.metrics


@pytest.fixture
def three_columns(tmp_path):
    file = tmp_path / "three.csv"
    file.write_text(
        "a,value,group\n" + "\n".join(f"{row},{row * 2.5},{'lo' if row % 2 else 'hi'}" for row in range(40))
    )
    return file


REFUSED = {
    "KMeans(2)": "KMeans groups rows and learns no target",
    "IsolationForest()": "IsolationForest looks for outliers and learns no target",
    "OneClassSVM()": "OneClassSVM looks for outliers and learns no target",
    "LocalOutlierFactor()": "LocalOutlierFactor looks for outliers",
    "LocalOutlierFactor(novelty=True)": "LocalOutlierFactor looks for outliers",
    "GaussianMixture()": "GaussianMixture models how dense the rows are",
    "make_pipeline(StandardScaler(), KMeans(2))": "Pipeline groups rows",
    "GridSearchCV(IsolationForest(), {})": "GridSearchCV looks for outliers",
    "GridSearchCV(make_pipeline(StandardScaler(), KMeans(2)), {})": "GridSearchCV groups rows",
    "TransformedTargetRegressor(IsolationForest())": "IsolationForest, the last step of the TransformedTargetRegressor, looks for outliers",
    "BaggingRegressor(IsolationForest())": "looks for outliers",
    "Own()": "Own looks for outliers",
    "make_pipeline(Own())": "looks for outliers",
}
MODULE = """
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

class Own(OutlierMixin, BaseEstimator):
    def fit(self, X, y=None):
        raise AssertionError("it was fitted")
    def predict(self, X):
        return [1] * len(X)
"""


class TestEstimatorsThatLearnNoTarget:
    @pytest.mark.parametrize(("built", "message"), REFUSED.items())
    def test_by_module_before_they_are_fitted(self, train_module, built, message):
        source = f"{MODULE}\ndef build_model():\n    return {built}\n"

        with pytest.raises(ModelCodeError, match=rf"mine\.py: .*{message}.*{TRAIN}"):
            train_module(source)

    @pytest.mark.parametrize(
        "built", ["KMeans(2)", "IsolationForest()", "make_pipeline(StandardScaler(), OneClassSVM())"]
    )
    def test_by_fit_when_they_come_back(self, train_module, built):
        source = f"{MODULE}\ndef fit(X, y):\n    return {built}.fit(X)\n"

        with pytest.raises(ModelCodeError, match=rf"mine\.py: .*learns no target.*{TRAIN}"):
            train_module(source)

    @pytest.mark.parametrize(
        "path", ["cluster.KMeans", "ensemble.IsolationForest", "svm.OneClassSVM", "mixture.GaussianMixture"]
    )
    def test_by_class(self, train_petrol, path):
        with pytest.raises(ModelCodeError, match=rf"learns no target, and .* {TRAIN}"):
            train_petrol(model=ClassModel(f"sklearn.{path}"))

    def test_a_train_function_brings_them(self, train_module):
        source = """
            import pickle
            import pandas as pd
            from sklearn.ensemble import IsolationForest

            def train(dataset_path, model_path):
                rows = pd.read_csv(dataset_path)
                model = IsolationForest(random_state=0).fit(rows)
                with open(model_path, "wb") as file:
                    pickle.dump(model, file)
                return {"share_of_outliers": float((model.predict(rows) == -1).mean())}
        """

        assert set(train_module(source).metrics) == {"share_of_outliers"}

    def test_a_step_before_the_last_may_group_rows(self, train_module):
        built = "make_pipeline(KMeans(2, random_state=0), LinearRegression())"
        source = f"{MODULE}\nfrom sklearn.linear_model import LinearRegression\ndef build_model():\n    return {built}\n"

        assert "r2" in train_module(source).metrics

    def test_a_class_of_ones_own_may_hold_one(self, train_module):
        source = f"""{MODULE}
from sklearn.base import RegressorMixin
class Mean(RegressorMixin, BaseEstimator):
    def __init__(self):
        self.estimator = KMeans(2)
    def fit(self, X, y):
        self.mean_ = y.mean()
        return self
    def predict(self, X):
        return [self.mean_] * len(X)
build_model = Mean
"""
        assert "r2" in train_module(source).metrics

    @pytest.mark.parametrize("built", ["MultiTaskLasso()", "make_pipeline(MultiTaskLasso())"])
    def test_nor_is_one_that_learns_several(self, train_module, built):
        source = f"{MODULE}\nfrom sklearn.linear_model import MultiTaskLasso\ndef build_model():\n    return {built}\n"

        with pytest.raises(ModelCodeError, match=r"MultiTaskLasso.* learns several targets together"):
            train_module(source)

    @pytest.mark.parametrize("built", ["make_pipeline(StandardScaler())", 'make_pipeline("passthrough")'])
    def test_nor_is_one_that_only_transforms(self, train_module, built):
        source = f"{MODULE}\ndef build_model():\n    return {built}\n"

        with pytest.raises(ModelCodeError, match="no predict method"):
            train_module(source)


SERVE_NEW_ROWS = {
    "anomaly": {"EllipticEnvelope", "IsolationForest", "OneClassSVM", "SGDOneClassSVM"},
    "clustering": {
        "AffinityPropagation",
        "BayesianGaussianMixture",
        "Birch",
        "BisectingKMeans",
        "GaussianMixture",
        "KMeans",
        "MeanShift",
        "MiniBatchKMeans",
    },
}


class TestTasksWithoutATarget:
    @pytest.mark.parametrize("task", SERVE_NEW_ROWS)
    def test_each_class_of_scikit_learn_fits_or_is_refused_by_its_name(self, task):
        problems = {
            name: check_library_class(path_of(found), {}, incremental=False, task=task)
            for name, found in all_estimators()
        }

        assert {name for name, found in problems.items() if not found} == SERVE_NEW_ROWS[task]
        assert [
            name for name, found in problems.items() if len(found) > 1 or (found and name not in found[0])
        ] == []

    @pytest.mark.parametrize(
        ("path", "params", "task", "problem"),
        [
            ("cluster.DBSCAN", {}, "clustering", "labels only the rows that it is fitted to (it has no predict)"),
            ("cluster.HDBSCAN", {}, "anomaly", "not task: anomaly: choose an outlier detector, such as"),
            ("cluster.KMeans", {}, "anomaly", "not task: anomaly: write task: clustering, or choose"),
            ("decomposition.PCA", {}, "clustering", "PCA has no predict method: a clusterer, such as"),
            ("linear_model.Ridge", {}, "anomaly", "Ridge is a regressor, and task: anomaly has no target to learn"),
            ("neighbors.LocalOutlierFactor", {"novelty": False}, "anomaly", 'set "novelty" to true'),
            ("ensemble.IsolationForest", {}, None, "its own metrics, or write task: anomaly"),
            ("mixture.GaussianMixture", {}, None, "its own metrics, or write task: clustering"),
            ("cluster.DBSCAN", {}, None, "its own metrics"),
        ],
    )  # fmt: skip
    def test_the_right_class_or_task_is_named(self, path, params, task, problem):
        [found] = check_library_class(f"sklearn.{path}", params, incremental=False, task=task)

        assert problem in found
        assert ("or write task" in found) == ("or write task" in problem)

    def test_novelty_detection_by_neighbors_is_accepted(self):
        path = "sklearn.neighbors.LocalOutlierFactor"

        assert check_library_class(path, {"novelty": True}, incremental=False, task="anomaly") == []

    def test_a_sampler_has_no_target_to_sample_by(self):
        pytest.importorskip("imblearn")
        steps = [("imblearn.over_sampling.SMOTE", {}), ("sklearn.ensemble.IsolationForest", {})]

        [[found], []] = check_library_classes(steps, incremental=False, task="anomaly")
        assert "task: anomaly has no target to sample rows by" in found

    def test_a_class_without_weights_is_refused_with_them(self):
        [found] = check_library_class(
            "sklearn.cluster.Birch", {}, incremental=False, weighted=True, task="clustering"
        )

        assert "Birch takes no sample_weight" in found
