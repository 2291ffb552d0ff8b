"""The tables of a run, and the list of what went wrong."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.review.kinds import Kind
    from benchmarks.review.measure import Result

_SHOWN = 6
_LINES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """The plan of one change.

    Attributes:
        kind: The change's kind.
        number: Which of its kind it is.
        result: What the plan said.
    """

    kind: Kind
    number: int
    result: Result


def write_tables(measured: Sequence[Measured]) -> str:
    """Return the tables of bad and of harmless changes, in Markdown."""
    tables = [
        _table(
            [one for one in measured if one.kind.is_bad], "Bad changes", "flagged", "at the right severity"
        ),
        _table(
            [one for one in measured if not one.kind.is_bad], "Harmless changes", "high risk or error", "calm"
        ),
    ]
    return "\n\n".join(table for table in tables if table)


def write_misses(measured: Sequence[Measured], seed: int) -> str:
    """Return what went wrong, by kind: the change, what was wanted, and what the plan said."""
    lines = [f"# Misses and false alarms (seed {seed})"]
    for kind in dict.fromkeys(one.kind for one in measured):
        wrong = [one for one in measured if one.kind is kind and not one.result.is_right]
        lines += [f"\n## {kind.name}: {len(wrong)} of {kind.changes}"] if wrong else []
        lines += [line for one in wrong for line in _miss(one)]
    return "\n".join(lines) + "\n"


def write_verdict(one: Measured) -> str:
    """Return what went wrong with one change, in a few words."""
    missed = "other severity" if one.result.is_flagged else "missed"
    return f"{one.kind.rule(one.number).__name__} ({missed if one.kind.is_bad else 'false alarm'})"


def _miss(one: Measured) -> list[str]:
    rule, result = one.kind.rule(one.number), one.result
    said = [f"- plan: {line[:300]}" for line in result.said[:_SHOWN]] or ["- plan: nothing"]
    left_out = len(result.said) - _SHOWN
    return [
        f"\n### {write_verdict(one)}",
        f"{(rule.__doc__ or '').strip()}",
        f"- wanted: {result.finding or 'no high risk, no error'}",
        *said,
        *([f"- and {left_out} more"] if left_out > 0 else []),
        f"- shown by `python -m benchmarks.review --show '{one.kind.name}/{one.number}'`",
        "```diff",
        *result.diff[:_LINES_SHOWN],
        "```",
    ]


def _table(measured: Sequence[Measured], title: str, flagged: str, right: str) -> str:
    if not measured:
        return ""
    rows = [
        _row(kind.name, [one for one in measured if one.kind is kind])
        for kind in dict.fromkeys(one.kind for one in measured)
    ]
    head = f"| {title} | changes | {flagged} | {right} | bytes of the page, median and most | processor seconds |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *rows, _row("**all**", measured)])


def _row(name: str, measured: Sequence[Measured]) -> str:
    results = [one.result for one in measured]
    flagged, right = (
        sum(values) for values in zip(*((one.is_flagged, one.is_right) for one in results), strict=True)
    )
    sizes = [len(one.page.encode()) for one in results]
    seconds = statistics.median(one.seconds for one in results)
    share = f" ({right / len(results):.0%})" if name.startswith("*") else ""
    size = f"{statistics.median_low(sizes):,}, {max(sizes):,}"
    return f"| {name} | {len(results)} | {flagged} | {right}{share} | {size} | {seconds:.2f} |"
