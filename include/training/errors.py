"""What can go wrong between a dataset file and a model file.

TrainingError
+-- DatasetError           the file or its rows cannot be trained on
|   +-- UnreadableDatasetError, EmptyDatasetError, ColumnNotFoundError, NoFeaturesError
|   +-- NullTargetError, OneClassError, TooFewRowsError, UnusableColumnsError
+-- ModelCodeError         the model module or class is not what is asked for
|   +-- ModelNotFoundError, ModelImportError, ModelInterfaceError, ModelParamsError
|   +-- UserCodeError      the module's own code raised or left the process
+-- FitError, OutOfMemoryError, UnpicklableModelError, NoModelFileError, MetricsError
+-- ModelFileError         a saved model cannot be loaded
    +-- ModelFileChangedError
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from include.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

# More names than this hide the message they belong to.
_MAX_LISTED = 10


def listed(names: Iterable[object]) -> str:
    """Join names for a message, cut to a length that a log line can carry."""
    quoted = [repr(str(name)) for name in names]
    rest = len(quoted) - _MAX_LISTED
    shown = ", ".join(quoted[:_MAX_LISTED])
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Name the known name that is nearest to a mistyped one, as the end of a sentence, or give nothing."""
    by_lowered = {candidate.strip().lower(): candidate for candidate in known}
    nearest = get_close_matches(name.strip().lower(), by_lowered, n=1)
    return f"; did you mean {by_lowered[nearest[0]]!r}?" if nearest else ""


class TrainingError(RefineryError):
    """A model could not be trained or loaded; trying again with nothing changed would end the same."""


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
            f"The target column {target!r} holds one class only, {value!r}, in {where}: "
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
        shown = "; ".join(f"{name!r} ({what})" for name, what in list(columns.items())[:_MAX_LISTED])
        rest = f"; and {len(columns) - _MAX_LISTED} more" if len(columns) > _MAX_LISTED else ""
        super().__init__(f"{estimator} cannot take {problem}: {shown}{rest}. {advice}")


class ModelCodeError(TrainingError):
    """The model that the config names cannot be used."""


class ModelNotFoundError(ModelCodeError):
    """No module or class has the name that the config gives.

    Attributes:
        name: The model as the config names it.
        known: The names that are there.
    """

    def __init__(self, name: str, where: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"model {name!r} is not in {where}{suggestion(name, known)} It has {listed(known)}.")


class ModelImportError(ModelCodeError):
    """The model module cannot be imported.

    Attributes:
        file: The module's file.
        line: The line that failed, 0 where unknown.
        reason: Why, and what to do.
    """

    def __init__(self, file: Path, line: int, reason: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: the module cannot be imported: {reason}")


class ModelInterfaceError(ModelCodeError):
    """The model module or class does not offer what training needs.

    Attributes:
        model: The module's file or the class's path.
        reason: What is missing, and what to do.
    """

    def __init__(self, model: object, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(f"{model}: {reason}")


class ModelParamsError(ModelCodeError):
    """The config's params are not what the model takes.

    Attributes:
        model: The function or class that takes them.
        unknown: Names that it does not take.
        missing: Names that it needs and did not get.
        accepted: Names that it takes.
    """

    def __init__(
        self, model: str, *, unknown: Sequence[str], missing: Sequence[str], accepted: Sequence[str]
    ) -> None:
        self.model = model
        self.unknown = tuple(unknown)
        self.missing = tuple(missing)
        self.accepted = tuple(accepted)
        problem = (
            f"does not take {listed(unknown)}{suggestion(unknown[0], accepted)}"
            if unknown
            else f"needs {listed(missing)}."
        )
        super().__init__(f"params: {model} {problem} It accepts {listed(accepted)}.")


class UserCodeError(ModelCodeError):
    """The user's own code raised an exception or left the process.

    Attributes:
        file: The module's file.
        line: The deepest line of that file in the traceback, 0 where it has none.
        doing: What was running, such as "build_model".
        user_traceback: The traceback's text from the user's file on.
    """

    def __init__(self, file: Path, line: int, doing: str, problem: str, user_traceback: str) -> None:
        self.file = file
        self.line = line
        self.doing = doing
        self.user_traceback = user_traceback
        super().__init__(f"{file}:{line}: {doing} {problem}\n{user_traceback}".rstrip())


class FitError(TrainingError):
    """The estimator refused the data or its own params.

    Attributes:
        estimator: The model's class.
        doing: What it was asked, such as "fit".
    """

    def __init__(self, estimator: str, doing: str, reason: str) -> None:
        self.estimator = estimator
        self.doing = doing
        super().__init__(f"{estimator} failed to {doing}: {reason}")


class OutOfMemoryError(TrainingError):
    """The machine has too little memory for this dataset and model."""

    def __init__(self, doing: str) -> None:
        super().__init__(
            f"Memory ran out in {doing}: use fewer columns or rows, a smaller model, or a worker with more memory."
        )


class UnpicklableModelError(TrainingError):
    """The fitted model cannot be stored in a file.

    Attributes:
        attribute: The path to the part that cannot be pickled, such as "model.steps[0][1].func".
    """

    def __init__(self, attribute: str, value: object, reason: str) -> None:
        self.attribute = attribute
        kind = type(value).__name__
        super().__init__(
            f"The model cannot be pickled: {attribute}, a {kind}, is the part that fails ({reason}). "
            "Functions and classes must be defined at the top of a module; "
            "open files, locks and connections cannot be kept in a model."
        )


class NoModelFileError(TrainingError):
    """The user's train function returned without having written a model.

    Attributes:
        file: The module's file.
        state: What was found in the model's place.
    """

    def __init__(self, file: Path, state: str) -> None:
        self.file = file
        self.state = state
        super().__init__(f"{file}: train {state}: write the model to the path given as its second argument.")


class MetricsError(TrainingError):
    """What the user's train function returned is no mapping of metric names to numbers.

    Attributes:
        file: The module's file.
    """

    def __init__(self, file: Path, problem: str) -> None:
        self.file = file
        super().__init__(f"{file}: train {problem}; return a mapping of metric names to numbers, or nothing.")


class ModelFileError(TrainingError):
    """A saved model cannot be loaded.

    Attributes:
        path: The model's file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


class ModelFileChangedError(ModelFileError):
    """The file is not the one that the manifest describes, and was not unpickled.

    Attributes:
        expected: The SHA-256 in the manifest.
        actual: The file's SHA-256.
    """

    def __init__(self, path: Path, expected: str, actual: str) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(
            path,
            f"its SHA-256 is {actual}, the manifest says {expected}. It was changed after training and was not loaded.",
        )
