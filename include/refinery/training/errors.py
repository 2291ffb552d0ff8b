"""What can go wrong between a dataset's file and a model's file.

An error has its own class only where somebody catches it; all others have their topic's class, and a sentence.

TrainingError
+-- DatasetError            the dataset's file, or its rows, cannot be trained on
|   +-- SourceOptionError   an option of `source` would help; a profile follows it
|   +-- DateFormatError     a prediction tries ISO 8601 then
|   +-- ColumnNotFoundError, ColumnRoleError
+-- ModelCodeError          the module or class of the model is not what is asked for
|   +-- ModelNotFoundError, ModelParamsError
|   +-- UserCodeError       the module's own code raised or left the process
+-- ComputeLostError        the only one that a retry may help
+-- FitError
+-- MetricError
|   +-- UnknownMetricError
+-- GateFailedError
+-- ModelFileError          a saved model cannot be loaded
    +-- MissingModelCodeError, OtherVersionsError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.wording import listed, quoted, suggestion
from refinery.yaml_text import write_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class TrainingError(RefineryError):
    """A model could not be trained, loaded or used; a retry with nothing changed would fail again.

    Made of its sentence or, in a class with attributes, of what these hold: either way it can be pickled.
    """


class DatasetError(TrainingError):
    """The dataset cannot be trained on."""


class SourceOptionError(DatasetError):
    """The file is not as the source's options say, or needs one that is not set.

    Attributes:
        option: The key below `source` to set.
        value: What it should probably be.
    """

    def __init__(self, path: Path, problem: str, option: str, value: Any, more: str = "") -> None:
        super().__init__(path, problem, option, value, more)
        self._problem = f"{path.name}: {problem}"
        self._more = more
        self.option = option
        self.value = value

    def __str__(self) -> str:
        more = f", {self._more}" if self._more else ""
        return f"{self._problem}: set source.{self.option} to {write_yaml(self.value)}{more}."


class DateFormatError(DatasetError):
    """A value is not a date in its column's format.

    Attributes:
        column: The column.
        date_format: The format.
    """

    def __init__(self, path: Path, row: int, column: str, value: str, date_format: str) -> None:
        super().__init__(path, row, column, value, date_format)
        self._place = f"{path.name}: row {row:,}"
        self._value = value[:40]
        self.column = column
        self.date_format = date_format

    def __str__(self) -> str:
        return (
            f'{self._place}, column "{self.column}": "{self._value}" is not a date in the format "{self.date_format}"; '
            "correct it, or give source.dates the format that all rows have."
        )


class ColumnNotFoundError(DatasetError):
    """The dataset lacks columns that the config or the model names.

    Attributes:
        missing: The columns that are not there.
        columns: The columns that are there.
    """

    def __init__(self, missing: Sequence[str], role: str, columns: Sequence[str]) -> None:
        super().__init__(missing, role, columns)
        self._role = role
        self.missing = tuple(missing)
        self.columns = tuple(columns)

    def __str__(self) -> str:
        noun = "column" if len(self.missing) == 1 else "columns"
        return (
            f"{self._role}: the dataset has no {noun} {listed(self.missing)}{suggestion(self.missing[0], self.columns)} "
            f"Its columns are {listed(self.columns)}."
        )


class ColumnRoleError(DatasetError):
    """A column has two roles that exclude each other, or none because it has no name."""


class ModelCodeError(TrainingError):
    """The model that the config names cannot be used."""


class ModelNotFoundError(ModelCodeError):
    """No module or class has the name that the config gives.

    Attributes:
        name: The model as the config names it.
        known: The names that are there.
    """

    def __init__(self, name: str, where: str, known: Sequence[str]) -> None:
        super().__init__(name, where, known)
        self._where = where
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        near = suggestion(self.name, self.known)
        return f"model {quoted(self.name)} is not in {self._where}{near} It has {listed(self.known)}."


class ModelParamsError(ModelCodeError):
    """The config's params are not what the model takes.

    Attributes:
        unknown: Names that it does not take.
        missing: Names that it needs and did not get.
        accepted: Names that it takes.
    """

    def __init__(
        self, model: str, unknown: Sequence[str], missing: Sequence[str], accepted: Sequence[str]
    ) -> None:
        super().__init__(model, unknown, missing, accepted)
        self._model = model
        self.accepted = tuple(accepted)
        self.unknown = tuple(unknown)
        self.missing = tuple(missing)

    def __str__(self) -> str:
        problem = (
            f"does not take {listed(self.unknown)}{suggestion(self.unknown[0], self.accepted)}"
            if self.unknown
            else f"needs {listed(self.missing)}."
        )
        return f"params: {self._model} {problem} It accepts {listed(self.accepted)}."


class UserCodeError(ModelCodeError):
    """The user's own code raised an exception or left the process."""


class ComputeLostError(TrainingError):
    """The compute engine does not answer, or has lost its workers."""

    retryable = True


class FitError(TrainingError):
    """The estimator refused the data or its own params."""

    def __init__(self, estimator: str, doing: str, reason: str) -> None:
        super().__init__(estimator, doing, reason)

    def __str__(self) -> str:
        estimator, doing, reason = self.args
        return f"{estimator} failed to {doing}: {reason}"


class MetricError(TrainingError):
    """The config asks for a metric that the model cannot be evaluated by."""


class UnknownMetricError(MetricError):
    """No metric has the name that the config gives."""


class GateFailedError(TrainingError):
    """The model was trained but is not as good as the config requires.

    Attributes:
        report_dir: The folder with the report on the rejected model: manifest.json and what was written beside it.
        summary: What was trained and how good it is, for the log.
    """

    def __init__(self, sentence: str, report_dir: Path, summary: str) -> None:
        super().__init__(sentence, report_dir, summary)
        self.report_dir = report_dir
        self.summary = summary

    def __str__(self) -> str:
        return str(self.args[0])


class ModelFileError(TrainingError):
    """A saved model cannot be loaded.

    Attributes:
        path: The model's file, or where it was downloaded from.
        reason: What keeps it from being loaded.
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class MissingModelCodeError(ModelFileError):
    """A saved model needs a module or class that is not here."""


class OtherVersionsError(ModelFileError):
    """The model was made with another minor version of Python, scikit-learn or NumPy, and was not loaded.

    Its reason is a clause that names the versions.
    """

    def __str__(self) -> str:
        return (
            f"{super().__str__()}; its file may not load there, or predict something else. Train it again with these versions, "
            "or load it anyway: --allow-other-versions, in Python allow_other_versions=True."
        )


def unreadable(path: Path, problem: str) -> DatasetError:
    """Return the error for a dataset's file that is not the table that its name or the source's options say."""
    return DatasetError(f"{path.name}: {problem}")


def empty(path: Path, problem: str) -> DatasetError:
    """Return the error for a dataset's file without rows."""
    return unreadable(path, f"{problem}. Check that its producer wrote it completely.")


def out_of_memory(doing: str) -> TrainingError:
    """Return the error for a machine that has too little memory for this dataset and model."""
    return TrainingError(
        f"Memory ran out in {doing}: use fewer columns or rows, a smaller model, or a worker with more memory."
    )
