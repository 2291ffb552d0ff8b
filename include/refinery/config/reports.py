"""Report problems as text, JSON and GitHub annotations."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refinery.config.problems import Problem

Level = Literal["error", "warning", "notice"]

# What fits a terminal beside the line's number.
_MAX_EXCERPT = 100
_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\033[31m", "\033[33m", "\033[34m", "\033[1m", "\033[0m"


def render_problems(problems: Iterable[Problem], *, color: bool = False) -> str:
    """Return each problem with its source line and a mark below the place, as compilers do."""
    return "\n".join(_render(problem, color=color) for problem in problems)


def problems_as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return each problem as a dictionary of its attributes."""
    return [asdict(problem) for problem in problems]


def problems_as_github(problems: Iterable[Problem]) -> str:
    """Return one workflow command per line, which GitHub shows as annotations on the files."""
    return "\n".join(_github_command(problem) for problem in problems)


def annotation(level: Level, message: str, **properties: str | int) -> str:
    """Return the workflow command of GitHub Actions for an annotation: a line of output, shown at a line of a file.

    Args:
        level: Its level.
        message: Its text; line breaks are kept.
        properties: Its title and place: `file`, `line`, `col`, `endColumn`, `title`.
    """
    listed = ",".join(f"{name}={_escape_property(str(value))}" for name, value in properties.items())
    return f"::{level}{' ' if listed else ''}{listed}::{_escape(message)}"


def _render(problem: Problem, *, color: bool) -> str:
    tint = _YELLOW if problem.severity == "warning" else _RED
    head = f"{_BOLD}{problem}{_RESET}" if color else str(problem)
    if not problem.excerpt.strip():
        return head
    excerpt, marks = _underline(problem)
    number = f"{problem.line:>5}"
    if color:
        number, marks = f"{_BLUE}{number}{_RESET}", f"{tint}{marks}{_RESET}"
    return f"{head}\n{number} | {excerpt}\n      | {marks}"


def _underline(problem: Problem) -> tuple[str, str]:
    """Cut the source line around the place, and mark it with carets of its width."""
    start = problem.column - 1
    first = max(0, min(start - _MAX_EXCERPT // 2, len(problem.excerpt) - _MAX_EXCERPT))
    shown = problem.excerpt[first : first + _MAX_EXCERPT]
    if first:
        shown = f"...{shown[3:]}"
    before = shown[: start - first]
    marked = shown[start - first : start - first + problem.width]
    return shown.replace("\t", " ").rstrip(), " " * _columns(before) + "^" * max(1, _columns(marked))


def _columns(text: str) -> int:
    """Return how many terminal columns a text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _github_command(problem: Problem) -> str:
    place: dict[str, str | int] = {"file": problem.path, "line": problem.line, "col": problem.column}
    if problem.excerpt:
        place["endColumn"] = problem.column + problem.width
    message = f"{problem.key}: {problem.message}" if problem.key else problem.message
    return annotation(problem.severity, message, **place, title=problem.code)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
