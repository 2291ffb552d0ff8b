"""A change to one file of a project: created, added to, or kept."""

from __future__ import annotations

import difflib
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath


class Action(enum.Enum):
    """The kind of a change."""

    CREATE = "create"
    ADD = "add to"
    KEEP = "keep"
    DIFFERS = "keep, though it differs from what this version writes"
    BY_HAND = "add by hand"


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one file.

    Attributes:
        path: The file, relative to the project.
        action: The kind of the change.
        content: The whole file afterward; for a file to add to by hand, the lines to add.
    """

    path: PurePosixPath
    action: Action
    content: bytes

    def apply(self, root: Path) -> None:
        """Make the change. A file that is kept is not touched."""
        if self.action not in (Action.CREATE, Action.ADD):
            return
        file = root / self.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.content)

    def diff(self, root: Path) -> str:
        """Return the change as a unified diff; empty if the file would stay the same."""
        file = root / self.path
        old = file.read_bytes() if file.is_file() else b""
        if old == self.content:
            return ""
        names = f"a/{self.path}", f"b/{self.path}"
        try:
            before, after = (content.decode().splitlines(keepends=True) for content in (old, self.content))
        except UnicodeDecodeError:
            return f"Binary files {names[0]} and {names[1]} differ\n"
        return "".join(difflib.unified_diff(before, after, *names))
