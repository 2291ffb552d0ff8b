"""What is wrong in a config: the one form that the reader, the checks and all reports share."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]

MISSING_KEY = "missing-key"

# A longer list of names helps nobody; the nearest one is offered apart.
_MAX_LISTED = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, at its place.

    Attributes:
        path: The file as people see it, relative to the project, with "/" between folders.
        line: Line of the place, counted from 1.
        column: Column of the place in characters, counted from 1.
        key: The dotted key, as "model.params.depth"; empty for what concerns the whole file.
        message: What is wrong and what to write instead, in one or two sentences.
        code: A stable short name of the kind of problem, as "unknown-key".
        severity: "error" where the pipeline cannot be loaded, else "warning".
        excerpt: The source line with secrets blanked; empty where there is none to show.
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
    """Sort by file and place, and keep one problem for each place: the first found is the cause of the others.

    What is missing at a place is kept beside what is wrong there.
    """
    first_at: dict[tuple[str, int, int, bool], Problem] = {}
    for problem in problems:
        place = (problem.path, problem.line, problem.column, problem.code != MISSING_KEY)
        first_at.setdefault(place, problem)
    return tuple(first_at[place] for place in sorted(first_at))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether one of the problems keeps its pipeline from being loaded."""
    return any(problem.severity == "error" for problem in problems)


def suggest_name(wrong: str, names: Iterable[str]) -> str:
    """Write the end of a sentence that offers the nearest of the names, or lists them: '; did you mean "module"?'."""
    known = sorted(names)
    if near := nearest_name(wrong, known):
        return f'; did you mean "{near}"?'
    return f"; choose from {list_names(known)}" if known else ""


def nearest_name(wrong: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant; None where none is near."""
    known = list(names)
    by_folded = {name.casefold(): name for name in known}
    return by_folded.get(wrong.casefold()) or next(iter(get_close_matches(wrong, known, n=1)), None)


def list_names(names: Iterable[str]) -> str:
    """Join names with commas, and cut a long list."""
    known = list(names)
    listed = ", ".join(known[:_MAX_LISTED])
    rest = len(known) - _MAX_LISTED
    return f"{listed} and {rest} more" if rest > 0 else listed
