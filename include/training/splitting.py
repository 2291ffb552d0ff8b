"""Chooses the rows that are held out of the fit: at random, by class, or the last in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.errors import SplitError, TooFewRowsError, listed
from include.training.metrics import CLASSIFICATION

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from include.training.spec import TrainingSpec

    Rows = np.ndarray[Any, np.dtype[np.intp]]

_STRATIFY = "evaluate.stratify"
_TIME_COLUMN = "evaluate.time_column"
_FOLDS = "evaluate.cross_validation"
# Text that sorts as the dates that it tells.
_ISO_DATE = r"\d{4}-\d{2}.*"


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

    @classmethod
    def of(cls, features: pd.DataFrame, target: pd.Series[Any], train: Rows, test: Rows) -> Split:
        """Take the rows at the given positions."""
        train_features, test_features = features.iloc[train], features.iloc[test]
        # Features and target share their row labels, which of many rows take more memory than the target.
        return cls(
            train_features,
            test_features,
            target.iloc[train].set_axis(train_features.index),
            target.iloc[test].set_axis(test_features.index),
        )


def split_rows(spec: TrainingSpec, target: pd.Series[Any], times: pd.Series[Any] | None) -> tuple[Rows, Rows]:
    """Give the positions of the rows to learn from and of those held out.

    At random they are those of scikit-learn's `train_test_split`; with a time column the last ones are held out, both
    parts in the order of time.

    Args:
        spec: The share held out, the seed, and whether each class is held out by the same share.
        target: The target of each row.
        times: The time column, None to split at random.

    Raises:
        TooFewRowsError: One of the parts would be empty.
        SplitError: The rows cannot be parted by class or by time.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(target))
    if times is not None:
        return _split_by_time(spec, times)
    if spec.stratify:
        _check_classes(spec, target)
    try:
        train, test = train_test_split(
            rows,
            test_size=spec.test_size,
            random_state=spec.random_state,
            stratify=target if spec.stratify else None,
        )
    except ValueError as error:
        raise TooFewRowsError(len(target), spec.test_size) from error
    return train, test


def split_folds(
    spec: TrainingSpec, task: str, target: pd.Series[Any], times: pd.Series[Any] | None
) -> list[tuple[Rows, Rows]]:
    """Give the rows to learn from and to judge on of each fold of a cross-validation over all rows.

    As in scikit-learn, a classifier's folds have each class by the same share; in time each fold learns from what was
    before.

    Raises:
        SplitError: There are fewer rows than folds, or each class has.
    """
    from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

    folds = spec.cross_validation or 0
    if times is not None:
        order = time_order(times)
        parts = list(_parts(TimeSeriesSplit(folds), folds, target))
        return [(order[train], order[test]) for train, test in parts]
    kind = StratifiedKFold if task == CLASSIFICATION else KFold
    return _parts(kind(folds, shuffle=True, random_state=spec.random_state), folds, target)


def time_order(times: pd.Series[Any]) -> Rows:
    """Give the rows' positions by time, rows of the same time in their order.

    Raises:
        SplitError: A row has no time, or the column holds neither numbers nor dates.
    """
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

    name = str(times.name)
    if missing := int(times.isna().sum()):
        raise SplitError(
            _TIME_COLUMN, f"{missing} of {len(times)} rows have no value in the column {name!r}."
        )
    if not is_numeric_dtype(times.dtype) and not is_datetime64_any_dtype(times.dtype):
        texts = times.astype("str")
        if not texts.str.fullmatch(_ISO_DATE).all():
            problem = (
                f"the column {name!r} holds text such as {texts.iloc[0][:40]!r}; name it in source.dates."
            )
            raise SplitError(_TIME_COLUMN, problem)
        times = texts
    ranks = pd.Series(times.to_numpy()).sort_values(kind="stable")
    order: Rows = ranks.index.to_numpy()
    return order


def _split_by_time(spec: TrainingSpec, times: pd.Series[Any]) -> tuple[Rows, Rows]:
    if spec.stratify:
        raise SplitError(_STRATIFY, f"rows are held out by {_TIME_COLUMN}, not by class; set one of the two.")
    order = time_order(times)
    # As train_test_split rounds.
    learned = len(order) - math.ceil(len(order) * spec.test_size)
    if learned < 1:
        raise TooFewRowsError(len(order), spec.test_size)
    return order[:learned], order[learned:]


def _check_classes(spec: TrainingSpec, target: pd.Series[Any]) -> None:
    counts = target.value_counts()
    if single := [value for value, count in counts.items() if count == 1]:
        problem = f"each class needs two rows or more, and {listed(single)} of the target {target.name!r} stand in one."
        raise SplitError(_STRATIFY, f"{problem} Set it to false where the target is no class.")
    held_out = math.ceil(len(target) * spec.test_size)
    if min(held_out, len(target) - held_out) < len(counts):
        problem = f"{held_out} of {len(target)} rows held out cannot hold each of the {len(counts)} classes"
        raise SplitError(_STRATIFY, f"{problem}; change evaluate.test_size or set it to false.")


def _parts(splitter: Any, folds: int, target: pd.Series[Any]) -> list[tuple[Rows, Rows]]:
    try:
        return list(splitter.split(target.to_frame(), target))
    except ValueError as error:
        problem = f"{len(target)} rows, or the rows of each class, are too few for {folds} folds."
        raise SplitError(_FOLDS, problem) from error
