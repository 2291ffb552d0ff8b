"""A plan for a terminal: plain lines that fit its width, with colors where it takes them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refinery.config import render_problems
from refinery.review.formats.escaping import visible
from refinery.review.formats.outline import metrics_line, outline
from refinery.review.formats.page import Changed, Code, Lines, Measured, Names, Sentence, Values
from refinery.review.formats.wording import (
    count,
    count_unchanged,
    summary_line,
    versions_line,
)
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from refinery.config import Problem
    from refinery.review.formats.page import Block, Entry, Line, Section, Span
    from refinery.review.plan import Plan

_MIN_WIDTH = 40
_COLORS = {
    "+": "32",
    "-": "31",
    "~": "33",
    ">": "33",
    "high": "1;31",
    "medium": "33",
    "low": "36",
    "bold": "1",
}


def plan_as_text(plan: Plan, *, width: int = 80, color: bool = False) -> str:
    """Write a plan for people at a terminal.

    Args:
        plan: The plan.
        width: The columns of a line; only what has no blank, such as a URL, is longer.
        color: Whether to write colors.
    """
    return "\n".join(_Terminal(max(width, _MIN_WIDTH), color=color).lines(plan))


@dataclass(frozen=True, slots=True)
class _Terminal:
    width: int
    color: bool

    def lines(self, plan: Plan) -> Iterator[str]:
        yield from self._painted("bold", self._wrap(f"Plan: {summary_line(plan)}", "", "      "))
        yield from self._wrap(versions_line(plan), "")
        if unchanged := count_unchanged(plan):
            yield f"{count(unchanged, 'pipeline')} unchanged"
        for section in outline(plan):
            if section.entries:
                yield from self._section(section)

    def _section(self, section: Section) -> Iterator[str]:
        yield ""
        yield from self._painted("bold", [_plain(section.title)])
        for index, entry in enumerate(section.entries):
            yield from ([""] if index and section.form == "folds" else [])
            yield from self._entry(entry)

    def _entry(self, entry: Entry) -> Iterator[str]:
        if entry.problem:
            yield _problem(entry.problem)
            return
        label = f"{entry.sign:<9}" if entry.sign.isalpha() else f"{entry.sign} " if entry.sign else ""
        indent = "  " + (" " * len(label) if entry.sign.isalpha() else "    ")
        lead = self._wrap(f"{label}{_plain(entry.lead)}", "  ", indent)
        yield from self._painted(entry.sign, lead)
        for line in entry.more:
            yield from self._wrap(_plain(line), indent)
        for block in entry.blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Values):
            yield from self._values(block)
        elif isinstance(block, Lines):
            yield from self._lines(block)
        elif isinstance(block, Measured):
            yield from self._measured(block)

    def _values(self, block: Values) -> Iterator[str]:
        last_path = None
        if block.environments:
            yield f"    in {', '.join(map(visible, block.environments))}"
        for one in block.changes:
            place = one.place
            path = f"{place.path}{' (before)' if place.side == 'base' else ''}" if place else last_path
            if path != last_path:
                yield f"    {visible(path or '')}"
            last_path = path
            number = f"{place.line:>5} | " if place else "      | "
            yield from self._wrap(one.sentence, f"  {number}", "        |   ")

    def _lines(self, block: Lines) -> Iterator[str]:
        if block.title:
            yield f"    {block.title}"
        for sign, text in block.lines:
            if block.form == "verbatim":
                yield f"      {visible(text)}"
            else:
                lead = f"      {sign} " if sign else "      "
                yield from self._painted(sign, self._wrap(text, lead, "        "))

    def _measured(self, block: Measured) -> Iterator[str]:
        for label, run in (("before", block.before), ("after", block.after)):
            if run and (run.metrics or not run.problem):
                gate = f", gates {run.gate}" if run.gate else ""
                text = f"{label:<6}  {_plain(metrics_line(run.metrics))}{gate}"
                yield from self._wrap(text, "      ", "              ")

    def _wrap(self, text: str, indent: str, further: str | None = None) -> list[str]:
        return textwrap.wrap(
            visible(text),
            self.width,
            initial_indent=indent,
            subsequent_indent=indent if further is None else further,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _painted(self, name: str, lines: Iterable[str]) -> Iterator[str]:
        tint = _COLORS.get(name)
        for line in lines:
            yield f"\033[{tint}m{line}\033[0m" if self.color and tint else line


def _plain(line: Line) -> str:
    return "".join(map(_plain_span, line))


def _plain_span(span: Span) -> str:
    match span:
        case Names():
            return visible(list_names(span.names))
        case Changed():
            return visible(span.change.sentence)
        case Code() | Sentence():
            return visible(span.text)
    return span


def _problem(problem: Problem) -> str:
    """Write a problem with its source line; a line break in a file's name does not start a line."""
    shown = replace(
        problem, path=visible(problem.path), key=visible(problem.key), message=visible(problem.message)
    )
    return "\n".join(map(visible, render_problems([shown]).split("\n")))
