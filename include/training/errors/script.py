"""What goes wrong with a script that trains a model in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError
from include.training.errors.wording import ending, listed, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ScriptError(TrainingError):
    """The script that the config names did not train a model.

    Attributes:
        script: The script's file.
    """

    def __init__(self, script: Path, problem: str) -> None:
        self.script = script
        super().__init__(f"{script}: {problem}")


class ScriptNotFoundError(TrainingError):
    """No script of the models folder has the name that the config gives.

    Attributes:
        name: The script as the config names it.
        known: The scripts that are there.
    """

    def __init__(self, name: str, models_dir: Path, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"script: {name!r} is no Python script in {models_dir}{suggestion(name, known)} It has {listed(known)}."
        )


class PlaceholderError(ScriptError):
    """The script's arguments or variables name a placeholder that does not exist.

    Attributes:
        name: The placeholder's name, without braces.
    """

    def __init__(self, script: Path, name: str, known: Sequence[str]) -> None:
        self.name = name
        braced = ", ".join(f"{{{placeholder}}}" for placeholder in known)
        super().__init__(
            script, f"there is no placeholder {{{name}}}{suggestion(name, known)} There are {braced}."
        )


class ScriptFailedError(ScriptError):
    """The script ended with a failure.

    Attributes:
        exit_code: Its exit code; negative where a signal ended it.
        last_lines: The last lines that it printed.
    """

    def __init__(self, script: Path, exit_code: int, last_lines: Sequence[str]) -> None:
        self.exit_code = exit_code
        self.last_lines = tuple(last_lines)
        super().__init__(script, f"the script {ending(exit_code)}.{_told(last_lines)}")


class ScriptTimeoutError(ScriptError):
    """The script ran for too long and was ended, with all processes that it had started.

    Attributes:
        timeout: How long it was allowed to run, in seconds.
        last_lines: The last lines that it printed.
    """

    def __init__(self, script: Path, timeout: float, last_lines: Sequence[str]) -> None:
        self.timeout = timeout
        self.last_lines = tuple(last_lines)
        super().__init__(
            script,
            f"the script was ended after {timeout:g} seconds, all that its timeout allows.{_told(last_lines)}",
        )


class ScriptOutputError(ScriptError):
    """The script ended well, but what it left is no model."""


def _told(last_lines: Sequence[str]) -> str:
    if not last_lines:
        return " It printed nothing."
    return "\nIts last lines:\n" + "\n".join(f"  {line}" for line in last_lines)
