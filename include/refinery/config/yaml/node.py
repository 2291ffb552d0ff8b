"""A value of a config with its place in the file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, TypeAlias

from refinery.config.yaml.source_file import Mark, Place, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refinery.config.problems import Problem

Scalar: TypeAlias = str | int | float | bool | dt.date | None

_NONE: Mapping[str, Node] = {}


class Node:
    """A scalar, a list of nodes or a mapping of text to nodes.

    A plain class with slots, not a dataclass, since there is one for every value of every config.

    Attributes:
        value: The scalar, the list or the mapping.
        source: The file that it is written in.
        start: Where it begins.
        end: Where it ends.
        key_start: Where its key begins, in a mapping.
        key_end: Where its key ends.
        size: The number of values in it, including itself and expanded aliases.
        variables: The variables used in a scalar's value, by name.
        stands_for: The variable or matrix entry that supplies the whole value.
        is_broken: Whether a problem of the value is already reported, so that its consequences need not be.
    """

    __slots__ = (
        "end",
        "is_broken",
        "key_end",
        "key_start",
        "size",
        "source",
        "stands_for",
        "start",
        "value",
        "variables",
    )

    def __init__(
        self,
        value: Scalar | list[Node] | dict[str, Node],
        source: SourceFile,
        start: Mark,
        end: Mark,
        size: int = 1,
    ) -> None:
        self.value = value
        self.source = source
        self.start = start
        self.end = end
        self.key_start: Mark | None = None
        self.key_end: Mark | None = None
        self.size = size
        self.variables: Mapping[str, Node] = _NONE
        self.stands_for: Node | None = None
        self.is_broken = False

    @property
    def entries(self) -> dict[str, Node]:
        """The mapping; empty for a scalar or a list."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The list; empty for a scalar or a mapping."""
        return self.value if isinstance(self.value, list) else []

    @property
    def place(self) -> str:
        """The file and line, such as "configs/defaults.yml:3"."""
        return f"{self.source.path}:{(self.key_start or self.start).line + 1}"

    def with_value(self, value: Scalar | list[Node] | dict[str, Node]) -> Node:
        """Return a copy with another value at the same place."""
        copy = Node(value, self.source, self.start, self.end, self.size)
        copy.key_start, copy.key_end = self.key_start, self.key_end
        copy.variables, copy.stands_for, copy.is_broken = self.variables, self.stands_for, self.is_broken
        return copy

    def to_plain(self) -> Any:
        """Return the tree as dictionaries, lists and scalars."""
        value = self.value
        if isinstance(value, dict):
            return {key: node.to_plain() for key, node in value.items()}
        if isinstance(value, list):
            return [node.to_plain() for node in value]
        return value

    def problem(self, code: str, key: Iterable[str | int], message: str) -> Problem:
        """Return a problem of the value, at the variable that supplies it if there is one."""
        if self.stands_for:
            return self.stands_for.problem(code, key, f"{message} (used in {self.place})")
        return self.source.problem(code, message, self.start, self.end, key=join_key(key))

    def key_problem(self, code: str, key: Iterable[str | int], message: str) -> Problem:
        """Return a problem of the key, or of the value if it has no key."""
        if not (self.key_start and self.key_end):
            return self.problem(code, key, message)
        return self.source.problem(code, message, self.key_start, self.key_end, key=join_key(key))

    def part_problem(self, code: str, key: Iterable[str | int], message: str, part: str) -> Problem:
        """Return a problem of a part of a text if the part is found in its line, else of the whole text."""
        line = self.source.line(self.start.line)
        end = self.end.column if self.end.line == self.start.line else len(line)
        column = line.find(part, self.start.column, end)
        if column < 0 or self.stands_for:
            return self.problem(code, key, message)
        start = Place(self.start.line, column)
        end_of_part = Place(start.line, column + len(part))
        return self.source.problem(code, message, start, end_of_part, key=join_key(key))


class ImplicitKey(str):
    """A key that a short form implies, such as the "url" of `source: URL`; reports leave it out."""

    __slots__ = ()


def join_key(parts: Iterable[str | int]) -> str:
    """Return a path of keys as text: "source.url[2]"."""
    text = ""
    for part in parts:
        if isinstance(part, ImplicitKey):
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
