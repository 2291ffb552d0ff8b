"""Adds up, batch by batch, what a table's columns and its target are like."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from include.training.columns import is_unusable
from include.training.errors import DatasetError, NullTargetError, TargetTypeError, UnreadableDatasetError
from include.training.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

# pandas' kinds of numbers: whole, unsigned and floating.
NUMBERS = "iuf"
# A target of more values is no class, and to count each would take memory that grows with the rows.
_MOST_CLASSES = 10_000


class ColumnTally:
    """What the batches so far tell of the columns.

    Args:
        dataset: The dataset, for messages.
        first: The first batch.

    Attributes:
        rows: How many rows there were.
        dtypes: pandas' type of each column, in all batches together.
        gaps: How many rows have no value, of each column.
        witness: The first batch, and below it a row for each column that has its first value later.
    """

    def __init__(self, dataset: Path, first: pd.DataFrame) -> None:
        self._dataset = dataset
        self.rows = 0
        self.dtypes = {str(name): dtype for name, dtype in first.dtypes.items()}
        self.gaps = dict.fromkeys(first.columns, 0)
        self.witness = first

    def add(self, batch: pd.DataFrame) -> None:
        """Add the next rows.

        Raises:
            UnreadableDatasetError: A column holds numbers in one batch and something else in another.
        """
        import pandas as pd

        nulls = {str(name): int(count) for name, count in batch.isna().sum().items()}
        filled = [name for name in batch.columns if nulls[name] < len(batch)]
        begun = [name for name in filled if self.gaps[name] == self.rows]
        for name in filled:
            here = batch[name].dtype
            self.dtypes[name] = here if name in begun else self._merge(name, here)
        if self.rows and begun:
            rows = batch.loc[[batch[name].first_valid_index() for name in begun]]
            self.witness = pd.concat([self.witness, rows], ignore_index=True)
        for name, missing in nulls.items():
            self.gaps[name] += missing
            if self.gaps[name] and self.dtypes[name].kind in "iu":
                # pandas has no gaps in columns of whole numbers.
                self.dtypes[name] = pd.Series(dtype="float64").dtype
        self.rows += len(batch)

    def _merge(self, name: str, here: Any) -> Any:
        import numpy as np

        before = self.dtypes[name]
        if here == before:
            return before
        if before.kind in NUMBERS and here.kind in NUMBERS:
            return np.result_type(before, here)
        problem = f"the column {name!r} is {here} after row {self.rows} and {before} before; set source.dtypes for it"
        raise UnreadableDatasetError(self._dataset, problem)


class TargetTally:
    """What the batches so far tell of the target.

    Args:
        name: Its column.
        task: What the estimator does.
        estimator: Its class, for messages.
    """

    def __init__(self, name: str, task: str, estimator: str) -> None:
        self.name = name
        self.task = task
        self._estimator = estimator
        self._rows = 0
        self._unusable = 0
        self._sum = 0.0
        self._counts: Counter[Any] = Counter()

    @property
    def classes(self) -> dict[Any, int] | None:
        """How many rows each value of a classification's target has, sorted by value; None of a regression."""
        return dict(sorted(self._counts.items())) if self.task == CLASSIFICATION else None

    @property
    def mean(self) -> float:
        """The mean of a regression's target."""
        return self._sum / self._rows

    def add(self, target: pd.Series[Any]) -> None:
        """Add the target of the next rows.

        Raises:
            TargetTypeError: A regression's target is no number.
            DatasetError: A classification's target has too many values to be classes.
        """
        unusable = is_unusable(target)
        usable = target[~unusable]
        self._rows += len(target)
        self._unusable += int(unusable.sum())
        if self.task == CLASSIFICATION:
            self._counts.update(usable.value_counts().to_dict())
            if len(self._counts) > _MOST_CLASSES:
                problem = f"The target {self.name!r} has more than {_MOST_CLASSES:,} different values, too many for classes"
                raise DatasetError(f"{problem}: name another target or choose a regressor.")
        elif usable.dtype.kind in NUMBERS:
            self._sum += float(usable.sum())
        elif len(usable):
            raise TargetTypeError(self.name, usable.iloc[0], self._estimator)

    def check(self) -> None:
        """Check that every row has a value to learn.

        Raises:
            NullTargetError: Rows have none, or an infinite one.
        """
        if self._unusable:
            raise NullTargetError(self.name, self._unusable, self._rows)
