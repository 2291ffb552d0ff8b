"""Split rows by group: all rows of a group are learned from, or all are held out."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION
from refinery.training.errors import DatasetError
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.row_parts import Rows

_KEY = "evaluate.group_column"
# Groups differ in size, so this many splits are drawn, and the one nearest to the wanted share is used.
_DRAWS = 10
# A share is held out as whole folds of at least this many, such as 3 of 10 for 0.3.
_FOLDS = 10


def split_by_group(spec: TrainingSpec, target: pd.Series[Any], groups: pd.Series[Any]) -> tuple[Rows, Rows]:
    """Return the positions of the training rows and of those held out, about `test_size` of all rows.

    Args:
        spec: The share held out, the seed, and whether each class is held out by the same share.
        target: The target of each row.
        groups: The group of each row.

    Raises:
        DatasetError: There are too few groups, or a class has rows of one group only.
    """
    codes, count = _numbered(groups)
    if count == 1:
        raise DatasetError(
            f"{_KEY}: all rows are of one group, {quoted(str(groups.iloc[0])[:40])} in the column {quoted(groups.name)}, so none "
            "can be held out; name another column."
        )
    if spec.stratify:
        return _stratified(spec, target, codes, count)
    return _nearest_in_size(spec, codes)


def split_folds_by_group(
    spec: TrainingSpec, task: str, target: pd.Series[Any], groups: pd.Series[Any]
) -> list[tuple[Rows, Rows]]:
    """Return the training rows and to evaluate on for each fold; a classifier's are stratified as far as groups allow.

    Raises:
        DatasetError: There are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    folds = spec.cross_validation or 0
    codes, count = _numbered(groups)
    if count < folds:
        problem = f"{count} groups in the column {quoted(groups.name)} are too few for {folds} folds"
        raise DatasetError(f"evaluate.cross_validation: {problem}; write a smaller number.")
    kind = StratifiedGroupKFold if task == CLASSIFICATION else GroupKFold
    return _parts(kind(folds, shuffle=True, random_state=spec.random_state), target, codes)


def _numbered(groups: pd.Series[Any]) -> tuple[np.ndarray[Any, Any], int]:
    import pandas as pd

    codes, values = pd.factorize(groups)
    return codes, len(values)


def _nearest_in_size(spec: TrainingSpec, codes: np.ndarray[Any, Any]) -> tuple[Rows, Rows]:
    from sklearn.model_selection import GroupShuffleSplit

    draws = GroupShuffleSplit(_DRAWS, test_size=spec.test_size, random_state=spec.random_state)
    wanted = len(codes) * spec.test_size
    try:
        train, test = min(draws.split(codes, groups=codes), key=lambda parts: abs(len(parts[1]) - wanted))
    except ValueError as error:
        problem = f"{codes.max() + 1} groups are too few to hold out {spec.test_size:g} of them"
        raise DatasetError(f"{_KEY}: {problem}; change evaluate.test_size.") from error
    return train, test


def _stratified(
    spec: TrainingSpec, target: pd.Series[Any], codes: np.ndarray[Any, Any], count: int
) -> tuple[Rows, Rows]:
    import numpy as np
    from sklearn.model_selection import StratifiedGroupKFold

    classes = target.groupby(target.to_numpy())
    if single := [value for value, rows in classes.indices.items() if len(np.unique(codes[rows])) == 1]:
        problem = f"each class needs two groups or more, and {listed(single)} of the target {quoted(target.name)} occur in one"
        raise DatasetError(f"evaluate.stratify: {problem}; set it to false.")
    share = min(spec.test_size, 1 - spec.test_size)
    held_out = Fraction(spec.test_size).limit_denominator(max(_FOLDS, math.ceil(1 / share)))
    folds = held_out.denominator
    if count < folds:
        problem = f"{count} groups are too few to hold out {held_out.numerator} of {folds} parts of them, stratified"
        raise DatasetError(f"{_KEY}: {problem}; change evaluate.test_size or set evaluate.stratify to false.")
    parts = _parts(StratifiedGroupKFold(folds, shuffle=True, random_state=spec.random_state), target, codes)
    test = np.sort(np.concatenate([part for _, part in parts[: held_out.numerator]]))
    train = np.setdiff1d(np.arange(len(codes)), test, assume_unique=True)
    return train, test


def _parts(splitter: Any, target: pd.Series[Any], codes: np.ndarray[Any, Any]) -> list[tuple[Rows, Rows]]:
    try:
        with warnings.catch_warnings():
            # A class with fewer rows than folds is missing in some, which the metrics report.
            warnings.filterwarnings("ignore", message="The least populated class")
            parts = list(splitter.split(target.to_frame(), target, codes))
    except ValueError as error:
        raise _unbalanced(len(target)) from error
    if any(not len(train) or not len(test) for train, test in parts):
        raise _unbalanced(len(target))
    return parts


def _unbalanced(rows: int) -> DatasetError:
    problem = f"{rows} rows cannot be split into parts by group with rows of each class in each"
    return DatasetError(f"{_KEY}: {problem}; use fewer folds, or set evaluate.stratify to false.")
