"""A plan for a terminal: plain lines that fit its width, with colours where it takes them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.config.problems import list_names
from include.config.reports import render_problems
from include.review.formats.escaping import visible
from include.review.formats.wording import (
    changed_objects,
    count,
    place_text,
    runs_change,
    say_metric,
    say_run,
    say_tasks,
    summary_line,
    told_by_shared,
    topics_of,
    versions_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.config import Problem
    from include.review.plan import (
        Behaviour,
        CodeChange,
        PipelineChange,
        Plan,
        Risk,
        SharedChange,
        Stake,
        Trial,
        TrialRun,
    )

_MIN_WIDTH = 40
_SIGNS = {"added": "+", "removed": "-", "renamed": ">", "changed": "~"}
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
        width: The columns of a line; only what has no blank, as a URL, is longer.
        color: Whether to write colours.
    """
    return "\n".join(_Page(plan, max(width, _MIN_WIDTH), color=color).lines())


@dataclass(frozen=True, slots=True)
class _Page:
    plan: Plan
    width: int
    color: bool

    def lines(self) -> Iterator[str]:
        plan = self.plan
        yield from self._painted("bold", self._wrap(f"Plan: {summary_line(plan)}", "", "      "))
        yield from self._wrap(versions_line(plan), "")
        if plan.unchanged:
            yield f"{count(plan.unchanged, 'pipeline')} unchanged"
        if plan.head_problems:
            yield from self._heading("Errors and warnings in the configs")
            yield _problems(plan.head_problems)
        yield from self._risks()
        yield from self._section("Shared changes", map(self._shared, plan.shared))
        yield from self._pipelines()
        yield from self._section("Code", map(self._code, plan.code))
        yield from self._section("At stake: the models promoted last", map(self._stake, plan.stakes))
        yield from self._section("Tried", map(self._trial, plan.trials))
        yield from self._section("Notes", (self._wrap(note, "  ") for note in plan.notes))
        if plan.base_problems:
            yield from self._heading(f"Errors and warnings before, in {visible(plan.base.name)}")
            yield _problems(plan.base_problems)

    def _risks(self) -> Iterator[str]:
        yield from self._section("Risks", map(self._risk, self.plan.risks))

    def _pipelines(self) -> Iterator[str]:
        told = told_by_shared(self.plan)
        own = [one for one in self.plan.pipelines if one.dag_id not in told]
        if self.plan.pipelines:
            yield from self._heading("Pipelines")
        for index, change in enumerate(own):
            yield from ([""] if index else [])
            yield from self._pipeline(change)
        if told:
            names = list_names(one.dag_id for one in self.plan.pipelines if one.dag_id in told)
            yield from ([""] if own else [])
            yield from self._wrap(f"{_SIGNS['changed']} by the shared changes alone: {names}", "  ", "    ")

    def _risk(self, risk: Risk) -> Iterator[str]:
        label = "accepted" if risk.accepted is not None else risk.severity
        head = f"{label:<8} {risk.code} {risk.title}"
        yield from self._painted(label, self._wrap(head, "  ", "           "))
        yield from self._wrap(risk.sentence, "           ")
        where = [list_names(risk.pipelines)] if risk.pipelines else []
        where += [place_text(risk.place)] if risk.place else []
        yield from self._wrap(", ".join(where), "           ")
        if risk.accepted is not None:
            yield from self._wrap(f"accepted because {risk.accepted}", "           ")

    def _shared(self, shared: SharedChange) -> Iterator[str]:
        place = f"  ({place_text(shared.change.place)})" if shared.change.place else ""
        yield from self._wrap(f"{shared.change.sentence}{place}", "  ", "      ")
        names = list_names(shared.pipelines)
        yield from self._wrap(f"in {count(len(shared.pipelines), 'pipeline')}: {names}", "      ")

    def _code(self, change: CodeChange) -> Iterator[str]:
        yield from self._wrap(change.sentence, "  ", "      ")
        if change.pipelines:
            names = list_names(change.pipelines)
            yield from self._wrap(f"reaches {count(len(change.pipelines), 'pipeline')}: {names}", "      ")

    def _pipeline(self, change: PipelineChange) -> Iterator[str]:
        sign = _SIGNS[change.kind]
        topics = ", ".join(topics_of(change)) if change.kind == "changed" else ""
        former = f"{change.previous_id} -> " if change.previous_id else ""
        head = f"{sign} {change.kind} {former}{change.dag_id}" + (f": {topics}" if topics else "")
        yield from self._painted(sign, self._wrap(head, "  ", "      "))
        yield from self._values(change)
        yield from self._tasks(change)
        yield from self._objects(change)
        yield from self._runs(change)
        for left in change.left_behind:
            yield from self._wrap(f"left behind: {left}", "    ", "      ")

    def _values(self, change: PipelineChange) -> Iterator[str]:
        last_path = None
        for one in change.changes:
            path = (
                f"{one.place.path}{' (before)' if one.place.side == 'base' else ''}"
                if one.place
                else last_path
            )
            if path != last_path:
                yield f"    {visible(path or '')}"
            last_path = path
            number = f"{one.place.line:>5} | " if one.place else "      | "
            yield from self._wrap(one.sentence, f"  {number}", "        |   ")

    def _tasks(self, change: PipelineChange) -> Iterator[str]:
        said = say_tasks(change)
        if said:
            yield "    tasks"
        for sign, task, arguments in said:
            detail = f": {arguments}" if arguments else ""
            yield from self._painted(sign, self._wrap(f"{sign} {task}{detail}", "      ", "        "))

    def _objects(self, change: PipelineChange) -> Iterator[str]:
        for heading, urls in changed_objects(change, self.plan.date):
            yield f"    {heading}"
            yield from (f"      {visible(url)}" for url in urls)

    def _runs(self, change: PipelineChange) -> Iterator[str]:
        if not runs_change(change):
            return
        yield "    runs"
        for sign, behaviour in (("-", change.before), ("+", change.after)):
            if behaviour:
                yield from self._schedule(sign, behaviour)

    def _schedule(self, sign: str, behaviour: Behaviour) -> Iterator[str]:
        yield from self._painted(sign, self._wrap(f"{sign} {behaviour.schedule}", "      ", "        "))
        for run in behaviour.runs:
            yield f"          {visible(say_run(run))}"

    def _stake(self, stake: Stake) -> Iterator[str]:
        if stake.problem or not stake.promoted:
            yield from self._wrap(
                f"{stake.dag_id}: {stake.problem or 'no model was promoted yet'}", "  ", "      "
            )
            return
        gate = f", gates {stake.gate}" if stake.gate else ""
        yield from self._wrap(f"{stake.dag_id}: promoted {stake.promoted} UTC{gate}", "  ", "      ")
        yield from self._wrap(_metrics(stake.metrics), "      ")
        yield from self._wrap(stake.prefix or "", "      ")

    def _trial(self, trial: Trial) -> Iterator[str]:
        rows = f" on {count(trial.rows, 'row')}" if trial.rows is not None else ""
        yield from self._wrap(f"{trial.dag_id}{rows}", "  ")
        for label, run in (("before", trial.before), ("after", trial.after)):
            if run:
                yield from self._trial_run(label, run)
        if trial.note:
            yield from self._wrap(trial.note, "      ")

    def _trial_run(self, label: str, run: TrialRun) -> Iterator[str]:
        text = f"{label:<6}  {run.problem or _metrics(run.metrics)}" + (
            f", gates {run.gate}" if run.gate else ""
        )
        yield from self._wrap(text, "      ", "              ")
        for verdict in run.gates:
            if not verdict.passed:
                yield from self._wrap(f"not passed: {verdict.sentence}", "              ")

    def _section(self, title: str, entries: Iterable[Iterable[str]]) -> Iterator[str]:
        lines = [line for entry in entries for line in entry]
        if lines:
            yield from self._heading(title)
            yield from lines

    def _heading(self, title: str) -> Iterator[str]:
        yield ""
        yield from self._painted("bold", [title])

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


def _problems(problems: Iterable[Problem]) -> str:
    """Write problems with their source lines; a line break in a file's name makes no line of its own."""
    shown = (
        replace(one, path=visible(one.path), key=visible(one.key), message=visible(one.message))
        for one in problems
    )
    return "\n".join(map(visible, render_problems(shown).split("\n")))


def _metrics(metrics: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{name} {say_metric(value)}" for name, value in metrics) or "no metrics"
