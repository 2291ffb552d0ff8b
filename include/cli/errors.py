"""The errors of the command line itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CommandError(RefineryError):
    """A command that was asked for what it cannot do."""


class NoSuchPipelineError(CommandError):
    """A name that no config makes.

    Attributes:
        name: The name that was asked for.
        known: The names that there are.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        longer = [one for one in self.known if name in one]
        super().__init__(f'There is no pipeline "{name}"{self._offer(longer)}')

    def _offer(self, longer: Sequence[str]) -> str:
        from include.config.problems import list_names, suggest_name

        if not longer:
            return suggest_name(self.name, self.known)
        return f"; choose from {list_names(longer)}" if len(longer) > 1 else f'; did you mean "{longer[0]}"?'


class NotAConfigError(CommandError):
    """A file that is no config of this project.

    Attributes:
        file: The file as it was named.
    """

    def __init__(self, file: Path, reason: str) -> None:
        self.file = file
        super().__init__(f"{file} {reason}")


class ConfigExistsError(CommandError):
    """A config that would be overwritten.

    Attributes:
        path: The config.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} is there already. Choose another name, or replace it with --force.")


class BadNameError(CommandError):
    """A name that no pipeline can have.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f'"{name}" cannot be a pipeline\'s name: {reason}.')


class SourceError(CommandError):
    """A dataset that cannot be looked at.

    Attributes:
        source: The dataset as it was named.
    """

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        super().__init__(f"{source}: {reason}")


class NothingToProfileError(CommandError):
    """Neither a pipeline nor a dataset was named."""

    def __init__(self) -> None:
        super().__init__("Name a pipeline, or a dataset with --source URL.")


class NoSuchColumnError(CommandError):
    """A target that the dataset does not have.

    Attributes:
        column: The column that was asked for.
        known: The dataset's columns.
    """

    def __init__(self, column: str, known: Iterable[str]) -> None:
        from include.config.problems import suggest_name

        self.column = column
        self.known = tuple(known)
        super().__init__(f'The dataset has no column "{column}"{suggest_name(column, self.known)}')
