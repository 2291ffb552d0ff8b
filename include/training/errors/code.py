"""What is wrong with the model module or class that a config names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError
from include.training.errors.wording import listed, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: the module cannot be imported: {reason}")


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
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {doing} {problem}\n{user_traceback}".rstrip())


class NoModelFileError(TrainingError):
    """The user's train function returned without having written a model.

    Attributes:
        file: The module's file.
        state: What was found in the model's place.
    """

    def __init__(self, file: Path, state: str) -> None:
        self.file = file
        self.state = state
        super().__init__(f"{file}: train {state}: pickle the model to the path given as its second argument.")


class MetricsError(TrainingError):
    """What the user's train function returned is no mapping of metric names to numbers.

    Attributes:
        file: The module's file.
    """

    def __init__(self, file: Path, problem: str) -> None:
        self.file = file
        super().__init__(f"{file}: train {problem}; return a mapping of metric names to numbers, or nothing.")
