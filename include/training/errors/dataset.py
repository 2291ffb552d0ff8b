"""What makes a dataset one that cannot be trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError
from include.training.errors.wording import listed, listed_with, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class DatasetError(TrainingError):
    """The dataset cannot be trained on."""


class UnreadableDatasetError(DatasetError):
    """The file is not the table that its name or the source's options say.

    Attributes:
        path: The dataset file.
        reason: What is wrong with it, and what to do.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path.name}: {reason}")


class SourceOptionError(UnreadableDatasetError):
    """The file is not as the source's options say, or needs one that is not set.

    Attributes:
        option: The key below `source` to set.
        value: What it should probably be.
    """

    def __init__(
        self, path: Path, problem: str, *, option: str, value: str | bool | tuple[str, ...], more: str = ""
    ) -> None:
        self.option = option
        self.value = value
        spoken = (
            str(value).lower()
            if isinstance(value, bool)
            else repr(list(value) if isinstance(value, tuple) else value)
        )
        super().__init__(path, f"{problem}: set source.{option} to {spoken}{more and f', {more}'}.")


class EmptyDatasetError(DatasetError):
    """The file holds no rows.

    Attributes:
        path: The dataset file.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        super().__init__(f"{path.name}: {what}. Check that its producer wrote it whole.")


class ColumnNotFoundError(DatasetError):
    """The dataset lacks a column that the config or the model names.

    Attributes:
        missing: The columns that are not there.
        role: What they are named as, such as "target".
        columns: The columns that are there.
    """

    def __init__(self, missing: Sequence[str], role: str, columns: Sequence[str]) -> None:
        self.missing = tuple(missing)
        self.role = role
        self.columns = tuple(columns)
        noun = "column" if len(missing) == 1 else "columns"
        super().__init__(
            f"{role}: the dataset has no {noun} {listed(missing)}{suggestion(missing[0], columns)} "
            f"Its columns are {listed(columns)}."
        )


class ColumnRoleError(DatasetError):
    """The config gives a column two roles that exclude each other.

    Attributes:
        column: The column.
    """

    def __init__(self, column: str, problem: str) -> None:
        self.column = column
        super().__init__(f"The column {column!r} {problem}.")


class NoFeaturesError(DatasetError):
    """No column is left to learn from.

    Attributes:
        target: The target's column.
    """

    def __init__(self, target: str, columns: Sequence[str]) -> None:
        self.target = target
        super().__init__(
            f"No features are left beside the target {target!r}: the dataset's columns are {listed(columns)}."
        )


class NullTargetError(DatasetError):
    """Rows have no value in the target column.

    Attributes:
        target: The target's column.
        nulls: How many rows have no value.
        rows: How many rows there are.
    """

    def __init__(self, target: str, nulls: int, rows: int) -> None:
        self.target = target
        self.nulls = nulls
        self.rows = rows
        count = f"All {rows}" if nulls == rows else f"{nulls} of {rows}"
        advice = "name another target" if nulls == rows else "remove these rows from the dataset"
        super().__init__(f"{count} rows have no finite value in the target column {target!r}: {advice}.")


class TargetTypeError(DatasetError):
    """A regressor was given a target that is no number.

    Attributes:
        target: The target's column.
        example: One of its values.
        estimator: The model's class.
    """

    def __init__(self, target: str, example: object, estimator: str) -> None:
        self.target = target
        self.example = example
        self.estimator = estimator
        super().__init__(
            f"The target column {target!r} holds no numbers but values such as {str(example)[:40]!r}, which "
            f"{estimator}, a regressor, cannot predict: name another target or choose a classifier."
        )


class OneClassError(DatasetError):
    """A classifier has only one class to learn.

    Attributes:
        target: The target's column.
        value: The one class.
    """

    def __init__(self, target: str, value: object, where: str) -> None:
        self.target = target
        self.value = value
        super().__init__(
            f"The target column {target!r} holds one class only, {str(value)!r}, in {where}: "
            "a classifier needs rows of two classes or more."
        )


class TooFewRowsError(DatasetError):
    """There are too few rows for one to learn from and one to hold out.

    Attributes:
        rows: How many rows there are.
        test_size: The share held out.
    """

    def __init__(self, rows: int, test_size: float) -> None:
        self.rows = rows
        self.test_size = test_size
        super().__init__(
            f"{rows} row{'s are' if rows != 1 else ' is'} too few to hold out {test_size:g} of them for evaluation."
        )


class UnusableColumnsError(DatasetError):
    """Columns hold values that the model cannot take.

    Attributes:
        columns: Each such column, with what is in it.
        estimator: The model's class.
    """

    def __init__(self, estimator: str, problem: str, columns: Mapping[str, str], advice: str) -> None:
        self.columns = dict(columns)
        self.estimator = estimator
        super().__init__(f"{estimator} cannot take {problem}: {listed_with(columns)}. {advice}")
