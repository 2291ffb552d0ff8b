"""Fit the classes of boosting libraries to tables as they are: native categories, gaps, labels of any kind, the task's cores."""

from __future__ import annotations

import copy
import re
import warnings
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin

from refinery.spec.libraries import BOOSTING, library_of
from refinery.spec.tasks import CLASSIFICATION
from refinery.training.models.estimator_kinds import declared_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

_CATBOOST, _XGBOOST = "catboost", "xgboost"
_THREADS = {"xgboost": "n_jobs", "lightgbm": "n_jobs", "catboost": "thread_count"}
# XGBoost and LightGBM refuse these in the names of columns.
_NOT_IN_NAMES = re.compile(r'[\[\]<>{}":,]')
_CATBOOST_OUTPUT = frozenset(("verbose", "verbose_eval", "silent", "logging_level"))
# A gap, as CatBoost takes it in a column of categories.
_GAP = ""
# CatBoost writes these into each model; they would make two equal models differ.
_VARYING = {"model_guid": "", "train_finish_time": ""}


def quiet_params(estimator_class: type[Any], params: Mapping[str, Any], random_state: int) -> dict[str, Any]:
    """Return params to which a seed and silence are added where they say neither; CatBoost would write files, too.

    Args:
        estimator_class: The library's class.
        params: Its params, by their canonical names.
        random_state: The seed.
    """
    match library_of(estimator_class.__module__):
        case "catboost":
            silent = {} if params.keys() & _CATBOOST_OUTPUT else {"verbose": False}
            return {"random_seed": random_state, "allow_writing_files": False, **silent, **params}
        case "lightgbm":
            return {"verbosity": -1, **params}
    return dict(params)


def with_tables(estimator: Any) -> Any:
    """Put a boosting library's estimator into one that takes tables as they are; return any other estimator itself."""
    if library_of(type(estimator).__module__) not in BOOSTING:
        return estimator
    wrapper = BoostedClassifier if declared_task(estimator) == CLASSIFICATION else BoostedRegressor
    return wrapper(estimator)


class Boosted(MetaEstimatorMixin, BaseEstimator):
    """An estimator of a boosting library that takes a table's columns and a target of any kind.

    Columns of categories are split natively, with the categories of the rows that it learned from. It uses as many threads as its
    params ask for, and never more than the task has cores.

    Attributes:
        estimator_: The library's own estimator, fitted.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(
        self,
        X: Any,  # noqa: N803 - scikit-learn's names
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,  # noqa: N803
        y_val: Any = None,
        sample_weight_val: Any = None,
        rounds: int | None = None,
    ) -> Any:
        """Fit a copy of the library's estimator.

        Args:
            X: The training rows.
            y: Their target.
            sample_weight: Their weights; None where all weigh the same.
            X_val: Rows to stop early by; None to fit all rounds.
            y_val: Their target.
            sample_weight_val: Their weights.
            rounds: After how many rounds without improvement on these rows to stop.
        """
        self.n_features_in_ = X.shape[1]
        if _is_table(X):
            self._learn_columns(X)
        fitted = copy.deepcopy(self.estimator)  # scikit-learn's clone refuses CatBoost's
        fitted.set_params(**{_THREADS[self._library]: self._threads()})
        categories = list(getattr(self, "categories_", {}))
        if self._library == _CATBOOST and categories:
            fitted.set_params(cat_features=[self.names_[name] for name in categories])
        elif self._library == _XGBOOST:
            fitted.set_params(enable_categorical=True)
        codes = self._encoded(y)
        if rounds is None or X_val is None:
            fitted.fit(self._prepared(X), codes, sample_weight=sample_weight)
        else:
            rows, target = self._prepared(X_val), self._encoded_again(y_val)
            stopping = self._stopping(fitted, rows, target, sample_weight_val, rounds)
            with warnings.catch_warnings():
                # LightGBM encodes classes only in what it calls deprecated.
                warnings.filterwarnings("ignore", message="The argument 'eval_set' is deprecated")
                fitted.fit(self._prepared(X), codes, sample_weight=sample_weight, **stopping)
        if self._library == _CATBOOST:
            metadata = fitted.get_metadata()
            for name, value in _VARYING.items():
                metadata[name] = value
        self.estimator_ = fitted
        self._learn_classes(fitted)
        return self

    def predict(self, X: Any) -> np.ndarray[Any, Any]:  # noqa: N803
        """Predict the value or the class of each row."""
        return self._decoded(self._ask("predict", X))

    @property
    def boosted(self) -> Any:
        """The library's own estimator, as the config describes it."""
        return self.estimator

    @property
    def feature_importances_(self) -> np.ndarray[Any, Any]:
        """The importances that the library computes, in the order of the columns."""
        importances: np.ndarray[Any, Any] = self.estimator_.feature_importances_
        return importances

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def rounds_used(self) -> tuple[int, int]:
        """Return how many rounds the fitted estimator uses, and how many its params allow."""
        fitted = self.estimator_
        match self._library:
            case "xgboost":
                return fitted.best_iteration + 1, fitted.get_num_boosting_rounds()
            case "lightgbm":
                return fitted.best_iteration_ or fitted.n_iter_, fitted.get_params()["n_estimators"]
        return fitted.tree_count_, fitted.get_all_params()["iterations"]

    @property
    def _library(self) -> str:
        return library_of(type(self.estimator).__module__)

    def _stopping(self, fitted: Any, rows: Any, target: Any, weights: Any, rounds: int) -> dict[str, Any]:
        """Return the arguments of fit with which the library stops early; XGBoost takes the rounds as a param."""
        match self._library:
            case "xgboost":
                fitted.set_params(early_stopping_rounds=rounds)
                weighed = {} if weights is None else {"sample_weight_eval_set": [weights]}
                return {"eval_set": [(rows, target)], "verbose": False, **weighed}
            case "lightgbm":
                import lightgbm

                weighed = {} if weights is None else {"eval_sample_weight": [weights]}
                callbacks = [lightgbm.early_stopping(rounds, verbose=False)]
                return {"eval_set": [(rows, target)], "callbacks": callbacks, **weighed}
        from catboost import Pool

        categories = [self.names_[name] for name in getattr(self, "categories_", ())]
        pool = Pool(rows, target, weight=weights, cat_features=categories or None)
        return {"eval_set": pool, "early_stopping_rounds": rounds}

    def _ask(self, method: str, rows: Any) -> Any:
        """Ask the library's estimator with the threads that this process has, which may be others than when it was fitted."""
        threads, fitted = {_THREADS[self._library]: self._threads()}, self.estimator_
        if self._library == _CATBOOST:  # fitted, it refuses other params
            return getattr(fitted, method)(self._prepared(rows), **threads)
        if fitted.n_jobs != self._threads():
            fitted.set_params(**threads)
        return getattr(fitted, method)(self._prepared(rows))

    def _threads(self) -> int:
        """Return how many threads to use: what the params ask for, within the cores that the task has."""
        import joblib

        cores: int = joblib.cpu_count()
        asked = self.estimator.get_params().get(_THREADS[self._library])
        if asked is None or asked == 0:
            return cores
        return int(min(asked, cores) if asked > 0 else max(cores + 1 + asked, 1))

    def _learn_columns(self, table: pd.DataFrame) -> None:
        import numpy as np

        self.feature_names_in_ = np.array([str(name) for name in table.columns], dtype=object)
        self.names_ = _clean_names(list(table.columns))
        self.categories_ = {
            name: list(column.cat.remove_unused_categories().cat.categories)
            for name, column in table.items()
            if column.dtype == "category"
        }

    def _prepared(self, rows: Any) -> Any:
        if not _is_table(rows) or not hasattr(self, "names_"):
            return rows
        table: pd.DataFrame = rows.assign(
            **{str(name): self._prepared_categories(rows[name]) for name in self.categories_}
        )
        return table.rename(columns=self.names_)

    def _prepared_categories(self, column: pd.Series[Any]) -> pd.Series[Any]:
        if self._library == _CATBOOST:
            texts: pd.Series[Any] = column.astype("str").astype("object").where(column.notna(), _GAP)
            return texts
        known: pd.Series[Any] = column.astype("category").cat.set_categories(self.categories_[column.name])
        return known

    def _learn_classes(self, fitted: Any) -> None:
        """Keep a classifier's classes."""

    def _encoded(self, target: Any) -> Any:
        return target

    def _encoded_again(self, target: Any) -> Any:
        """Encode the target of other rows, which holds no classes but those of the training rows."""
        return self._encoded(target)

    def _decoded(self, values: Any) -> np.ndarray[Any, Any]:
        import numpy as np

        return np.ravel(values)


class BoostedRegressor(RegressorMixin, Boosted):
    """A regressor of a boosting library that takes tables as they are."""


class BoostedClassifier(ClassifierMixin, Boosted):
    """A classifier of a boosting library that takes tables as they are, and classes of any kind.

    Attributes:
        classes_: The classes, in the order of their probabilities.
    """

    def predict_proba(self, X: Any) -> np.ndarray[Any, Any]:  # noqa: N803
        """Return the probability of each class, row by row."""
        probabilities: np.ndarray[Any, Any] = self._ask("predict_proba", X)
        return probabilities

    def _learn_classes(self, fitted: Any) -> None:
        import numpy as np

        if self._library != _XGBOOST:
            self.classes_ = np.asarray(fitted.classes_)

    def _encoded(self, target: Any) -> Any:
        import numpy as np

        labels = np.asarray(target)
        if self._library != _XGBOOST:
            return labels  # params such as class weights may name the classes
        self.classes_, codes = np.unique(labels, return_inverse=True)
        return codes

    def _encoded_again(self, target: Any) -> Any:
        import numpy as np

        if self._library != _XGBOOST:
            return self._encoded(target)
        return np.searchsorted(self.classes_, np.asarray(target))

    def _decoded(self, values: Any) -> np.ndarray[Any, Any]:
        labels = super()._decoded(values)
        if self._library == _XGBOOST:
            labels = self.classes_[labels.astype(int)]
        return labels


def _is_table(rows: Any) -> bool:
    return hasattr(rows, "columns")


def _clean_names(names: list[Any]) -> dict[Any, str]:
    """Return a name for each column that every library takes, and no two alike."""
    clean: dict[Any, str] = {}
    for name in names:
        wanted = unique = _NOT_IN_NAMES.sub("_", str(name))
        number = 1
        while unique in clean.values():
            number += 1
            unique = f"{wanted}_{number}"
        clean[name] = unique
    return clean
