"""Choose the rows that are held out of the fit: at random, by class, by group, or the last in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION
from refinery.training.data.dates import format_entry, possible_formats, time_keys
from refinery.training.errors import DatasetError
from refinery.training.evaluation.group_split import split_by_group, split_folds_by_group
from refinery.training.evaluation.row_parts import take_parts
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.inner_split import RowRules
    from refinery.training.evaluation.row_parts import Rows

    Weights = np.ndarray[Any, np.dtype[np.float64]]

_FIRST_ROWS = 1000
_STRATIFY = "evaluate.stratify"
_TIME_COLUMN = "evaluate.time_column"
_GAP = "evaluate.gap"
_FOLDS = "evaluate.cross_validation"


@dataclass(frozen=True, slots=True)
class Split:
    """A table's rows, split into those to learn from and those held out.

    Attributes:
        train_features: Features of the training rows.
        test_features: Features of the rows held out.
        train_target: Target of the training rows.
        test_target: Target of the rows held out.
        train_weights: Weight of each row to learn from; None where all weigh the same.
        test_weights: Weight of each row held out; None in the same case.
        rules: How the training rows may be split again; None where nothing asks for it.
    """

    train_features: pd.DataFrame
    test_features: pd.DataFrame
    train_target: pd.Series[Any]
    test_target: pd.Series[Any]
    train_weights: Weights | None = None
    test_weights: Weights | None = None
    rules: RowRules | None = None

    @classmethod
    def of(
        cls,
        features: dict[str, pd.Series[Any]],
        target: pd.Series[Any],
        train: Rows,
        test: Rows,
        weights: Weights | None = None,
        *,
        rules: RowRules | None = None,
    ) -> Split:
        """Take the rows at the given positions.

        Args:
            features: The features by name. Each is removed once its rows are taken; where nothing else holds it, its memory is
                free.
            target: The target.
            train: The training rows.
            test: The rows to hold out.
            weights: The weight of each row; None where all weigh the same.
            rules: How all these rows may be split; None where the training rows are not split again.

        Raises:
            DatasetError: All rows of a part have the weight 0.
        """
        for part, rows in (("to learn from", train), ("held out", test)):
            if weights is not None and not weights[rows].any():
                raise DatasetError(
                    f"weight: all {len(rows)} rows {part} have the weight 0; change evaluate.test_size."
                )
        # Features and target share row labels, which take more memory than the target where rows are many.
        train_labels, test_labels = target.index.take(train), target.index.take(test)
        train_features, test_features = take_parts(features, (train, test), (train_labels, test_labels))
        return cls(
            train_features,
            test_features,
            target.iloc[train].set_axis(train_labels),
            target.iloc[test].set_axis(test_labels),
            None if weights is None else weights[train],
            None if weights is None else weights[test],
            None if rules is None else rules.take(train),
        )

    @property
    def whole_target(self) -> pd.Series[Any]:
        """The target of all rows."""
        import pandas as pd

        whole: pd.Series[Any] = pd.concat([self.train_target, self.test_target])
        return whole


def distinct_values(column: pd.Series[Any], *, most: int) -> list[Any] | None:
    """Return the distinct values of a column; None where there are more than `most`, as the first rows mostly show."""
    if len(column.head(_FIRST_ROWS).unique()) > most:
        return None
    values = column.unique()
    return list(values) if len(values) <= most else None


def split_rows(
    spec: TrainingSpec,
    target: pd.Series[Any],
    times: pd.Series[Any] | None = None,
    groups: pd.Series[Any] | None = None,
) -> tuple[Rows, Rows]:
    """Return the positions of the training rows and of those held out.

    At random they are those of scikit-learn's `train_test_split`; with a time column the last ones are held out, both
    parts in the order of time, without the gap between them. With groups, all rows of a group are in one part.

    Args:
        spec: The share held out, the seed, whether each class is held out by the same share, and the gap in time.
        target: The target of each row.
        times: The time column, None to split at random.
        groups: The group column, None to split rows one by one.

    Raises:
        DatasetError: One of the parts would be empty, or the rows cannot be split by class, by group or by time.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(target))
    if times is not None:
        return _split_by_time(spec, times)
    if groups is not None:
        return split_by_group(spec, target, groups)
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
        raise too_few_rows(len(target), spec.test_size) from error
    return train, test


def too_few_rows(rows: int, test_size: float) -> DatasetError:
    """Return the error for fewer rows than one to learn from and one to hold out."""
    return DatasetError(
        f"{rows} row{'s are' if rows != 1 else ' is'} too few to hold out {test_size:g} of them for evaluation."
    )


def split_folds(
    spec: TrainingSpec,
    task: str,
    target: pd.Series[Any],
    times: pd.Series[Any] | None = None,
    groups: pd.Series[Any] | None = None,
) -> list[tuple[Rows, Rows]]:
    """Return the training rows and to evaluate on for each fold of a cross-validation.

    As in scikit-learn, a classifier's folds have the same share of each class; by time, each fold learns from earlier rows; by group,
    no group is on both sides of a fold.

    Raises:
        DatasetError: There are fewer rows, rows of each class, or groups, than folds.
    """
    from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

    folds = spec.cross_validation or 0
    if times is not None:
        order = time_order(times)
        parts = list(_parts(TimeSeriesSplit(folds, gap=spec.gap), folds, target))
        return [(order[train], order[test]) for train, test in parts]
    if groups is not None:
        return split_folds_by_group(spec, task, target, groups)
    kind = StratifiedKFold if task == CLASSIFICATION else KFold
    return _parts(kind(folds, shuffle=True, random_state=spec.random_state), folds, target)


def time_order(times: pd.Series[Any]) -> Rows:
    """Return the rows' positions by time, rows of the same time in order.

    Raises:
        DatasetError: A row has no time, or the order of the column's values in time is ambiguous.
    """
    name = str(times.name)
    if missing := int(times.isna().sum()):
        raise DatasetError(
            f"{_TIME_COLUMN}: {missing} of {len(times)} rows have no value in the column {quoted(name)}."
        )
    keys = time_keys(times)
    if keys is None:
        problem = f'the column "{name}" holds values such as "{str(times.iloc[0])[:40]}", whose order in time is ambiguous'
        ways = " or ".join(format_entry(name, each) for each in possible_formats(times))
        raise DatasetError(
            f"{_TIME_COLUMN}: {problem}; write {ways or f'their format, such as {format_entry(name)}'}."
        )
    order: Rows = keys.sort_values(kind="stable").index.to_numpy()
    return order


def _split_by_time(spec: TrainingSpec, times: pd.Series[Any]) -> tuple[Rows, Rows]:
    if spec.stratify:
        raise DatasetError(
            f"{_STRATIFY}: rows are held out by {_TIME_COLUMN}, not by class; set one of the two."
        )
    if spec.group_column is not None:
        raise DatasetError(
            f"evaluate.group_column: rows are held out by {_TIME_COLUMN}, not by group; set one of the two."
        )
    order = time_order(times)
    # As train_test_split rounds.
    before = len(order) - math.ceil(len(order) * spec.test_size)
    if before < 1:
        raise too_few_rows(len(order), spec.test_size)
    if before <= spec.gap:
        problem = f"only {before} of {len(order)} rows come before those held out, and {spec.gap} of them are left out"
        raise DatasetError(f"{_GAP}: {problem}, so none is left to learn from; write a smaller one.")
    return order[: before - spec.gap], order[before:]


def _check_classes(spec: TrainingSpec, target: pd.Series[Any]) -> None:
    counts = target.value_counts()
    if single := [value for value, count in counts.items() if count == 1]:
        problem = f"each class needs two rows or more, and {listed(single)} of the target {quoted(target.name)} occur in one row."
        raise DatasetError(f"{_STRATIFY}: {problem} Set it to false where the target is not a class.")
    held_out = math.ceil(len(target) * spec.test_size)
    if min(held_out, len(target) - held_out) < len(counts):
        problem = f"{held_out} of {len(target)} rows held out cannot hold each of the {len(counts)} classes"
        raise DatasetError(f"{_STRATIFY}: {problem}; change evaluate.test_size or set it to false.")


def _parts(splitter: Any, folds: int, target: pd.Series[Any]) -> list[tuple[Rows, Rows]]:
    try:
        return list(splitter.split(target.to_frame(), target))
    except ValueError as error:
        problem = f"{len(target)} rows, or the rows of each class, are too few for {folds} folds."
        raise DatasetError(f"{_FOLDS}: {problem}") from error
