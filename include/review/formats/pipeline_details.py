"""What a plan says of one pipeline, folded, in Markdown: its settings, tasks, objects and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.review.formats.escaping import code, fence, html_code, html_text, prose, shorten, visible
from include.review.formats.graph import changed_graph
from include.review.formats.wording import (
    changed_objects,
    parts_of,
    runs_change,
    say_run,
    say_tasks,
    shape_changes,
    topics_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from include.review.plan import Behaviour, PipelineChange, ValueChange

# So many lines of a list are read; the text format has them all.
_MOST_LINES = 40
_LONGEST_VALUE = 160
_LONGEST_LINE = 500
# All paths begin with it, and a phone's line is short.
_CONFIGS = "configs/"
_ARROW = " \N{RIGHTWARDS ARROW} "
_SIGN_WORDS = {"+": "new", "-": "gone", "~": "changed"}


def pipeline_details(change: PipelineChange, day: date) -> str:
    """Write a pipeline as a block that opens with a click.

    Args:
        change: The pipeline.
        day: The day whose objects are shown.
    """
    parts = [_settings(change), _tasks(change), _objects(change, day), _runs(change), _left_behind(change)]
    body = "\n\n".join(part for part in parts if part)
    return f"<details><summary>{_title(change)}</summary>\n\n{body}\n\n</details>"


def _title(change: PipelineChange) -> str:
    ids = [change.previous_id, change.dag_id] if change.previous_id else [change.dag_id]
    topics = ", ".join(topics_of(change)) if change.kind == "changed" else ""
    about = f": {html_text(topics)}" if topics else ""
    return f"<b>{change.kind}</b> {_ARROW.join(map(html_code, ids))}{about}"


def _settings(change: PipelineChange) -> str:
    path = code(shorten(change.path, _LONGEST_LINE))
    if not change.changes:
        return path
    rows = [_row(one, change.path) for one in change.changes]
    shown = "\n".join(_capped(rows, "| | {} | |"))
    return f"{path}\n\n| setting | change | line |\n|---|---|---|\n{shown}"


def _row(change: ValueChange, path: str) -> str:
    said = _ARROW.join(code(shorten(part, _LONGEST_VALUE)) for part in parts_of(change))
    return f"| {code(shorten(change.key, _LONGEST_VALUE))} | {said} | {_line(change, path)} |"


def _line(change: ValueChange, path: str) -> str:
    place = change.place
    if place is None:
        return ""
    other = f"{place.path.removeprefix(_CONFIGS)}:{place.line}"
    shown = str(place.line) if place.path == path else code(shorten(other, _LONGEST_VALUE))
    return f"{shown} (before)" if place.side == "base" else shown


def _tasks(change: PipelineChange) -> str:
    said = [
        f"{_SIGN_WORDS[sign]} {code(task)}" + (f" ({prose(arguments)})" if arguments else "")
        for sign, task, arguments in say_tasks(change)
    ]
    parts = [f"Tasks: {', '.join(said)}"] if said else []
    if change.before and change.after and shape_changes(change):
        parts.append(f"```mermaid\n{changed_graph(change.before.graph, change.after.graph)}\n```")
    return "\n\n".join(parts)


def _objects(change: PipelineChange, day: date) -> str:
    return "\n\n".join(
        f"{heading.capitalize()}:\n\n{_block([shorten(url, _LONGEST_LINE) for url in urls])}"
        for heading, urls in changed_objects(change, day)
    )


def _runs(change: PipelineChange) -> str:
    if not runs_change(change):
        return ""
    sides = (("-", change.before), ("+", change.after))
    return f"Runs:\n\n{_diff([line for sign, side in sides if side for line in _schedule(sign, side)])}"


def _schedule(sign: str, behaviour: Behaviour) -> Iterator[str]:
    yield f"{sign} {shorten(behaviour.schedule, _LONGEST_LINE)}"
    for run in behaviour.runs:
        yield f"{sign}   {visible(say_run(run))}"


def _left_behind(change: PipelineChange) -> str:
    lines = [f"- {prose(shorten(one, _LONGEST_LINE))}" for one in change.left_behind]
    return "Left behind:\n\n" + "\n".join(_capped(lines, "- {}")) if lines else ""


def _diff(lines: Sequence[str]) -> str:
    """Write lines that begin with a sign, which GitHub shows green and red."""
    return _block(lines, "diff", "  {}")


def _block(lines: Sequence[str], language: str = "", form: str = "{}") -> str:
    shown = "\n".join(_capped(lines, form))
    marks = fence(shown)
    return f"{marks}{language}\n{shown}\n{marks}"


def _capped(lines: Sequence[str], form: str) -> Sequence[str]:
    rest = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], form.format(f"{rest:,} more")] if rest > 0 else lines
