"""A plan's risks as annotations of GitHub Actions, at the lines that they are of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from refinery.config import annotation, problems_as_github
from refinery.review.formats.escaping import visible
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import Level
    from refinery.review.plan import Place, Plan

# GitHub shows ten of a level for a step, and drops the rest without a word.
_MOST_OF_A_LEVEL = 10
_LEVELS: dict[str, Level] = {"high": "error", "medium": "warning", "low": "notice"}


def plan_as_github(plan: Plan) -> str:
    """Write a workflow command a line: what is wrong in the configs first, then the risks, the worst first.

    Accepted risks are notices. Of each level at most ten are written; the tenth then counts the others.
    """
    found: dict[Level, list[str]] = {"error": [], "warning": [], "notice": []}
    for level, line in (*_problems(plan), *_risks(plan)):
        found[level].append(visible(line))
    return "\n".join(line for level, lines in found.items() for line in _capped(level, lines))


def _capped(level: Level, lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_OF_A_LEVEL:
        return lines
    kept = lines[: _MOST_OF_A_LEVEL - 1]
    rest = len(lines) - len(kept)
    return [*kept, annotation(level, f"{rest:,} more are in the plan.", title="Refinery plan")]


def _problems(plan: Plan) -> Iterator[tuple[Level, str]]:
    for problem in plan.head_problems:
        in_repository = replace(problem, path=f"{plan.folder}{problem.path}")
        yield problem.severity, problems_as_github([in_repository])


def _risks(plan: Plan) -> Iterator[tuple[Level, str]]:
    for risk in plan.risks:
        level = _LEVELS[risk.severity] if risk.accepted is None else "notice"
        names = f" ({list_names(risk.pipelines)})" if risk.pipelines else ""
        names += f" in {', '.join(risk.environments)}" if risk.environments else ""
        reason = f" Accepted: {risk.accepted}" if risk.accepted is not None else ""
        message = visible(f"{risk.sentence}{names}{reason}")
        yield (
            level,
            annotation(
                level, message, **_place(risk.place, plan.folder), title=visible(f"{risk.code} {risk.title}")
            ),
        )


def _place(place: Place | None, folder: str) -> dict[str, str | int]:
    """Return where it is shown: a line of the version before is not on the pull request's page."""
    return {"file": f"{folder}{place.path}", "line": place.line} if place and place.side == "head" else {}
