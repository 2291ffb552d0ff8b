"""Fits an estimator on one part of a table and judges it on the other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.containment import contained, line_in, user_code_error
from include.training.errors import FitError, OneClassError, OutOfMemoryError, TooFewRowsError
from include.training.evaluation import CLASSIFICATION, Evaluation, evaluate, find_task
from include.training.unusable_columns import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from include.training.estimators import BuiltEstimator


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
        OneClassError: A classifier was given one class.
        UnusableColumnsError: Features hold what the estimator cannot take.
        FitError: The estimator refused for another reason.
        UserCodeError: The user's own estimator raised.
        OutOfMemoryError: Memory ran out.
    """
    task = find_task(built.estimator, split.train_target)
    if task == CLASSIFICATION:
        _check_classes(split)
    with _running(built, "fit", split.train_features):
        built.estimator.fit(split.train_features, split.train_target)
    with _running(built, "predict", split.test_features):
        return evaluate(built.estimator, task, split.test_features, split.test_target)


def _check_classes(split: Split) -> None:
    values = split.train_target.unique()
    if len(values) == 1:
        everywhere = split.test_target.eq(values[0]).all()
        where = "all rows" if everywhere else "the rows to learn from"
        raise OneClassError(str(split.train_target.name), values[0], where)


@contextlib.contextmanager
def _running(built: BuiltEstimator, doing: str, features: pd.DataFrame) -> Iterator[None]:
    try:
        with contained():
            yield
    except MemoryError as error:
        raise OutOfMemoryError(
            f"{doing} of {built.name} with {features.shape[0]} rows of {features.shape[1]}"
        ) from error
    except (Exception, SystemExit) as error:
        if built.file is not None and line_in(built.file, error):
            problem = f"raised {type(error).__name__}: {error}"
            raise user_code_error(built.file, f"{built.name}.{doing}", problem, error) from error
        refusal = explain_refusal(built.name, error, features)
        raise refusal or FitError(built.name, doing, f"{type(error).__name__}: {error}") from error
