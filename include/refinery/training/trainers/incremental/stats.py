"""Collect stats of a table's columns and its target, batch by batch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION
from refinery.training.data.column_types import joint_categories
from refinery.training.data.columns import is_unusable, null_target
from refinery.training.errors import DatasetError, unreadable
from refinery.training.evaluation.fitting import target_type_error
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

# pandas' kinds of numbers: whole, unsigned and floating.
NUMBERS = "iuf"
# pandas' whole numbers and plain truth values cannot have gaps.
_TYPE_WITH_GAPS = {"i": "float64", "u": "float64", "b": "boolean"}
# A target with more values is not classes, and counting them would take memory that grows with the rows.
_MOST_CLASSES = 10_000


def is_joint(dtype: Any) -> bool:
    """Return whether a column's type may differ between batches, with this one holding all values."""
    return dtype.kind in f"{NUMBERS}b" or bool(dtype == "category")


class ColumnStats:
    """Running stats of the columns.

    Args:
        dataset: The dataset, for messages.
        first: The first batch.

    Attributes:
        rows: How many rows were added.
        dtypes: pandas' type of each column over all batches.
        gaps: How many rows of each column have no value.
        sample: The first batch, and a row for each column whose first value comes later.
    """

    def __init__(self, dataset: Path, first: pd.DataFrame) -> None:
        self._dataset = dataset
        self.rows = 0
        self.dtypes = {str(name): dtype for name, dtype in first.dtypes.items()}
        self.gaps = dict.fromkeys(first.columns, 0)
        self.sample = first

    def add(self, batch: pd.DataFrame) -> None:
        """Add the next rows.

        Raises:
            DatasetError: A column holds numbers in one batch and something else in another.
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
            self.sample = pd.concat([self.sample, rows], ignore_index=True)
        for name, missing in nulls.items():
            self.gaps[name] += missing
            if self.gaps[name] and (with_gaps := _TYPE_WITH_GAPS.get(self.dtypes[name].kind)):
                self.dtypes[name] = pd.Series(dtype=with_gaps).dtype
        self.rows += len(batch)

    def _merge(self, name: str, here: Any) -> Any:
        import numpy as np
        import pandas as pd

        before = self.dtypes[name]
        if here == before:
            return before
        if before.kind in NUMBERS and here.kind in NUMBERS:
            return np.result_type(*(getattr(dtype, "numpy_dtype", dtype) for dtype in (before, here)))
        if before.kind == here.kind == "b":
            return pd.BooleanDtype()
        if before == "category" and here == "category":
            return joint_categories([before, here])
        problem = f"the column {quoted(name)} is {here} after row {self.rows} and {before} before; set source.dtypes for it"
        raise unreadable(self._dataset, problem)


class TargetStats:
    """Running stats of the target.

    Args:
        name: Its column.
        task: The estimator's task.
        estimator: Its class, for messages.
    """

    def __init__(self, name: str, task: str, estimator: str) -> None:
        self.name = name
        self.task = task
        self._estimator = estimator
        self._rows = 0
        self._unusable = 0
        self._missing = 0
        self._sum = 0.0
        self._counts: Counter[Any] = Counter()

    @property
    def classes(self) -> dict[Any, int] | None:
        """The number of rows for each class, sorted by class; None for a regression."""
        return dict(sorted(self._counts.items())) if self.task == CLASSIFICATION else None

    @property
    def mean(self) -> float:
        """The mean of a regression's target."""
        return self._sum / self._rows

    def add(self, target: pd.Series[Any]) -> None:
        """Add the target of the next rows.

        Raises:
            DatasetError: A regression's target is not a number, or a classification's target has too many values to be
                classes.
        """
        unusable = is_unusable(target)
        usable = target[~unusable]
        self._rows += len(target)
        self._unusable += int(unusable.sum())
        self._missing += int(target.isna().sum())
        if self.task == CLASSIFICATION:
            self._counts.update(usable.value_counts().to_dict())
            if len(self._counts) > _MOST_CLASSES:
                problem = f"The target {quoted(self.name)} has more than {_MOST_CLASSES:,} different values, too many for classes"
                raise DatasetError(f"{problem}: name another target or choose a regressor.")
        elif usable.dtype.kind in NUMBERS:
            self._sum += float(usable.sum())
        elif len(usable):
            raise target_type_error(self.name, usable.iloc[0], self._estimator)

    def check(self, find_null_words: Callable[[str], str]) -> None:
        """Check that every row has a value to learn.

        Args:
            find_null_words: Describes the words of a column that were read as missing.

        Raises:
            DatasetError: Rows have none, or an infinite one.
        """
        if self._unusable:
            words = find_null_words(self.name)
            raise null_target(self.name, self._unusable, self._rows, words, missing=self._missing)
