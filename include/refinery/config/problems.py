"""A problem in a config: the one form that the reader, the checks and all reports share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]

MISSING_KEY = "missing-key"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to fix, at its place.

    Attributes:
        path: The file as people see it, relative to the project, with "/" between folders.
        line: Line of the place, counted from 1.
        column: Column of the place in characters, counted from 1.
        key: The dotted key, such as "model.params.depth"; empty for the whole file.
        message: What is wrong and what to write instead, in one or two sentences.
        code: A stable short name of the kind of problem, such as "unknown-key".
        severity: "error" if the pipeline cannot be loaded, else "warning".
        excerpt: The source line with secrets blanked; empty if there is none to show.
        width: How many characters of the excerpt the problem spans.
    """

    path: str
    line: int
    column: int
    key: str
    message: str
    code: str
    severity: Severity = "error"
    excerpt: str = ""
    width: int = 1

    def __str__(self) -> str:
        label = "warning: " if self.severity == "warning" else ""
        key = f"{self.key}: " if self.key else ""
        return f"{self.path}:{self.line}:{self.column}: {label}{key}{self.message}"


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort by file and place, and keep one problem per place: the first one causes the others.

    A missing key is kept beside another problem at its place.
    """
    first_at: dict[tuple[str, int, int, bool], Problem] = {}
    for problem in problems:
        place = (problem.path, problem.line, problem.column, problem.code != MISSING_KEY)
        first_at.setdefault(place, problem)
    return tuple(first_at[place] for place in sorted(first_at))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Return whether one of the problems keeps its pipeline from being loaded."""
    return any(problem.severity == "error" for problem in problems)
