"""Fits an estimator on one part of a table and judges it on the other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.containment import contained, line_in, user_code_error
from include.training.errors import (
    FitError,
    OneClassError,
    OutOfMemoryError,
    TargetTypeError,
    TooFewRowsError,
)
from include.training.evaluation import CLASSIFICATION, REGRESSION, Evaluation, Predictions, evaluate
from include.training.unusable_columns import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from include.training.estimators import BuiltEstimator

_BINARY = 2


@dataclass(frozen=True, slots=True)
class Split:
    """A table's rows, parted into those to learn from and those held out.

    Attributes:
        train_features: Features of the rows to learn from.
        test_features: Features of the rows held out.
        train_target: Target of the rows to learn from.
        test_target: Target of the rows held out.
    """

    train_features: pd.DataFrame
    test_features: pd.DataFrame
    train_target: pd.Series[Any]
    test_target: pd.Series[Any]


def split_rows(features: pd.DataFrame, target: pd.Series[Any], test_size: float, random_state: int) -> Split:
    """Part the rows at random, as scikit-learn's `train_test_split` does.

    Raises:
        TooFewRowsError: One of the parts would be empty.
    """
    from sklearn.model_selection import train_test_split

    try:
        parts = train_test_split(features, target, test_size=test_size, random_state=random_state)
    except ValueError as error:
        raise TooFewRowsError(len(target), test_size) from error
    return Split(*parts)


def fit_and_evaluate(built: BuiltEstimator, split: Split) -> Evaluation:
    """Fit the estimator in place, then predict the held-out rows.

    Raises:
        TargetTypeError: A regressor was given text to predict.
        OneClassError: A classifier was given one class.
        UnusableColumnsError: Features hold what the estimator cannot take.
        FitError: The estimator refused for another reason.
        UserCodeError: The user's own estimator raised.
        OutOfMemoryError: Memory ran out.
    """
    task = find_task(built.estimator, split.train_target)
    _check_target(built.name, task, split)
    with _running(built, "fit", split.train_features):
        built.estimator.fit(split.train_features, split.train_target)
    with _running(built, "predict", split.test_features):
        predictions = predict(built.estimator, task, split.test_features)
    _check_predictions(built.name, task, predictions)
    with contained():
        return evaluate(task, split.test_target, predictions)


def find_task(estimator: Any, target: pd.Series[Any]) -> str:
    """Tell what an estimator does; one that does not declare it is judged by the target's type."""
    from sklearn.base import is_classifier, is_regressor

    try:
        if is_regressor(estimator):
            return REGRESSION
        if is_classifier(estimator):
            return CLASSIFICATION
    except AttributeError:  # an estimator of one's own that has not scikit-learn's base class
        pass
    return REGRESSION if _is_number(target) else CLASSIFICATION


def predict(estimator: Any, task: str, features: pd.DataFrame) -> Predictions:
    """Ask a fitted estimator for the values, or the classes and their scores, of rows."""
    import numpy as np

    values = np.asarray(estimator.predict(features))
    if task == REGRESSION:
        return Predictions(values)
    classes = tuple(getattr(estimator, "classes_", sorted(set(values))))
    if hasattr(estimator, "predict_proba"):
        probabilities = estimator.predict_proba(features)
        return Predictions(values, classes, probabilities[:, 1] if len(classes) == _BINARY else probabilities)
    if len(classes) == _BINARY and hasattr(estimator, "decision_function"):
        return Predictions(values, classes, estimator.decision_function(features))
    return Predictions(values, classes)


def _check_target(estimator: str, task: str, split: Split) -> None:
    target = split.train_target
    if task == REGRESSION and not _is_number(target):
        raise TargetTypeError(str(target.name), target.iloc[0], estimator)
    if task == CLASSIFICATION and len(values := target.unique()) == 1:
        everywhere = split.test_target.eq(values[0]).all()
        raise OneClassError(
            str(target.name), values[0], "all rows" if everywhere else "the rows to learn from"
        )


def _check_predictions(estimator: str, task: str, predictions: Predictions) -> None:
    import numpy as np

    if task == REGRESSION and (lost := int((~np.isfinite(predictions.values)).sum())):
        reason = f"{lost} of {len(predictions.values)} predictions are no finite numbers; scale the features and the target"
        raise FitError(estimator, "predict", reason)


def _is_number(target: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(target.dtype) and not is_bool_dtype(target.dtype)


@contextlib.contextmanager
def _running(built: BuiltEstimator, doing: str, features: pd.DataFrame) -> Iterator[None]:
    try:
        with contained():
            yield
    except MemoryError as error:
        rows, columns = features.shape
        raise OutOfMemoryError(f"{doing} of {built.name} with {rows} rows of {columns} columns") from error
    except (Exception, SystemExit) as error:
        if built.file is not None and line_in(built.file, error):
            problem = f"raised {type(error).__name__}: {error}"
            raise user_code_error(built.file, f"{built.name}.{doing}", problem, error) from error
        refusal = explain_refusal(built.name, error, features)
        raise refusal or FitError(built.name, doing, f"{type(error).__name__}: {error}") from error
