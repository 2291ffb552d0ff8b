"""A plan for a pull request's page: a summary, the risks, then what changes, folded; short enough for one comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.review.formats.escaping import (
    code,
    fence,
    html_code,
    html_text,
    prose,
    shorten,
)
from refinery.review.formats.graph import changed_graph, downstream_graph
from refinery.review.formats.outline import metrics_line, outline
from refinery.review.formats.page import Changed, Code, Lines, Measured, Names, Sentence, Shape, Values
from refinery.review.formats.truncate import Passage, fit
from refinery.review.formats.wording import (
    count,
    count_unchanged,
    format_metric,
    parts_of,
    summary_line,
    version_name,
)
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refinery.review.formats.page import Block, Entry, Line, Section, Span
    from refinery.review.plan import Follower, Plan, TrialRun, ValueChange

# GitHub takes 65,536 characters for one comment; the rest is for what its poster writes around the plan. Bytes are counted
# here, of which there are never fewer.
_ROOM_FOR_POSTER = 1_536
GITHUB_LIMIT = 65_536 - _ROOM_FOR_POSTER
# GitHub's own colored boxes.
_BOXES = {"high": "CAUTION", "medium": "WARNING", "low": "NOTE"}
# Nobody reads more lines of a list; the text format has them all.
_MOST_LINES = 40
_MOST_METRICS = 20
# Of very many names a few are enough to recognize the others.
_MOST_NAMES, _NAMES_OF_MANY = 10, 3
# Few are read faster than drawn, and very many make no picture.
_FEWEST_DRAWN, _MOST_DRAWN = 4, 40
_LONGEST_NAME = 160
_LONGEST_IN_A_ROW = 60
_LONGEST_LINE = 500
_LONGEST_SENTENCE = 600
# All paths begin with it, and a phone's line is short.
_CONFIGS = "configs/"
_ARROW = "\N{RIGHTWARDS ARROW}"


def plan_as_markdown(plan: Plan, *, limit: int = GITHUB_LIMIT) -> str:
    """Write a plan in GitHub's Markdown, in less than `limit` bytes.

    Foreign text cannot make markup, mention people or refer to issues: it stands in code.

    Args:
        plan: The plan.
        limit: The size to stay below. What does not fit is left out from the end, and counted.
    """
    head = f"### Refinery plan: {summary_line(plan)}\n\n{_subtitle(plan)}"
    return fit(head, [_passage(one) for one in outline(plan, brief=True)], limit)


def _subtitle(plan: Plan) -> str:
    versions = f"{code(version_name(plan.base))} {_ARROW} {code(version_name(plan.head))}"
    number = count_unchanged(plan)
    unchanged = f" {count(number, 'pipeline')} unchanged." if number else ""
    environments = ", ".join(map(code, plan.environments))
    kind = "environment" if len(plan.environments) == 1 else "environments"
    return f"{versions}, {kind} {environments}, on {plan.date.isoformat()}.{unchanged}"


def _passage(section: Section) -> Passage:
    if section.form == "list":
        entries = tuple(map(_list_entry, section.entries))
    else:
        entries = tuple(_block_entry(one, is_folded=section.form == "folds") for one in section.entries)
    names = tuple(one.name for one in section.entries if one.name)
    if section.severity:
        opening = f"> [!{_BOXES[section.severity]}]\n> **{_markdown(section.title)}**\n>"
        return Passage(section.thing, entries, opening, bullet="> - ")
    picture = f"\n\n```mermaid\n{downstream_graph(section.drawn)}\n```" if _is_drawn(section.drawn) else ""
    if section.is_folded:
        opening = f"<details><summary>{_html(section.title)}</summary>\n"
        return Passage(section.thing, entries, opening, bullet="- ", closing=f"{picture}\n\n</details>")
    return Passage(
        section.thing,
        entries,
        f"#### {_markdown(section.title)}\n",
        closing=picture,
        bullet="- " if section.form == "list" else "",
        between="\n" if section.form == "list" else "\n\n",
        gives_way=section.gives_way,
        names=names,
    )


def _is_drawn(followers: Sequence[Follower]) -> bool:
    """Return whether a picture says more than the list: where some follow through others."""
    return _FEWEST_DRAWN <= len(followers) <= _MOST_DRAWN and any(one.distance > 1 for one in followers)


def _list_entry(entry: Entry) -> str:
    return "<br>".join(_markdown(line) for line in (entry.lead, *entry.more) if line)


def _block_entry(entry: Entry, *, is_folded: bool) -> str:
    body = "\n\n".join(map(_block, entry.blocks))
    if not entry.blocks:
        return _markdown(entry.lead)
    if is_folded:
        return f"<details><summary>{_html(entry.lead)}</summary>\n\n{body}\n\n</details>"
    between = "\n\n" if body.startswith("|") else ": "
    return f"{_markdown(entry.lead)}{between}{body}"


def _markdown(line: Line) -> str:
    return "".join(map(_markdown_span, line))


def _markdown_span(span: Span) -> str:
    match span:
        case Code():
            return code(shorten(span.text, _LONGEST_NAME))
        case Names():
            return _names(span.names)
        case Sentence():
            written = prose(shorten(span.text, _LONGEST_SENTENCE))
            return f"**{written}**" if span.is_strong else written
        case Changed():
            return f"{code(shorten(span.change.key, _LONGEST_NAME))}: {_change(span.change)}"
    return span.replace("->", _ARROW)


def _names(names: Sequence[str]) -> str:
    shown = names if len(names) <= _MOST_NAMES else names[:_NAMES_OF_MANY]
    more = f" and {len(names) - len(shown):,} more" if len(shown) < len(names) else ""
    return ", ".join(code(shorten(name, _LONGEST_IN_A_ROW)) for name in shown) + more


def _html(line: Line) -> str:
    return "".join(map(_html_span, line))


def _html_span(span: Span) -> str:
    match span:
        case Code():
            return html_code(span.text)
        case Names():
            return list_names(map(html_code, span.names))
        case Sentence():
            written = html_text(span.text)
            return f"<b>{written}</b>" if span.is_strong else written
        case str():
            return html_text(span.replace("->", _ARROW))
    raise TypeError(span)


def _block(block: Block) -> str:
    match block:
        case Values():
            return _values(block)
        case Lines():
            return _lines(block)
        case Shape():
            return f"```mermaid\n{changed_graph(block.before, block.after)}\n```"
        case Measured():
            return _measured(block)


def _values(block: Values) -> str:
    environments = f" in {_names(block.environments)}" if block.environments else ""
    path = code(shorten(block.path, _LONGEST_LINE)) + environments
    if not block.changes:
        return path
    rows = [
        f"| {code(shorten(one.key, _LONGEST_NAME))} | {_change(one)} | {_line_of(one, block.path)} |"
        for one in block.changes
    ]
    shown = "\n".join(_capped(rows, "| | {} | |"))
    return f"{path}\n\n| setting | change | line |\n|---|---|---|\n{shown}"


def _change(change: ValueChange) -> str:
    return f" {_ARROW} ".join(code(shorten(part, _LONGEST_NAME)) for part in parts_of(change))


def _line_of(change: ValueChange, path: str) -> str:
    place = change.place
    if place is None:
        return ""
    other = f"{place.path.removeprefix(_CONFIGS)}:{place.line}"
    shown = str(place.line) if place.path == path else code(shorten(other, _LONGEST_NAME))
    return f"{shown} (before)" if place.side == "base" else shown


def _lines(block: Lines) -> str:
    title = f"{block.title.capitalize()}:\n\n" if block.title else ""
    if block.form == "sentences":
        lines = [f"- {prose(shorten(text, _LONGEST_LINE))}" for _, text in block.lines]
        return title + "\n".join(_capped(lines, "- {}"))
    if block.form == "verbatim":
        return title + _fenced([shorten(text, _LONGEST_LINE) for _, text in block.lines], "", "{}")
    # "!" is what GitHub colors beside "+" and "-".
    lines = [f"{'!' if sign == '~' else sign} {shorten(text, _LONGEST_LINE)}" for sign, text in block.lines]
    return title + _fenced(lines, "diff", "  {}")


def _fenced(lines: Sequence[str], language: str, form: str) -> str:
    shown = "\n".join(_capped(lines, form))
    marks = fence(shown)
    return f"{marks}{language}\n{shown}\n{marks}"


def _capped(lines: Sequence[str], form: str) -> Sequence[str]:
    rest = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], form.format(f"{rest:,} more")] if rest > 0 else lines


def _measured(block: Measured) -> str:
    before, after = block.before, block.after
    if before is None or before.metrics == after.metrics:
        same = ", the same before and after" if before and after.metrics else ""
        gates = f"; gates: **{after.gate}**" if after.gate else ""
        return f"{_markdown(metrics_line(after.metrics[:_MOST_METRICS]))}{same}{gates}"
    rows = [_metric_row(name, before, after) for name in [*dict((*after.metrics, *before.metrics))]]
    gates = f"| gates | {before.gate or ''} | {after.gate or ''} | |"
    shown = [*rows[:_MOST_METRICS], *([gates] if before.gate or after.gate else [])]
    return "\n".join(["| metric | before | after | change |\n|---|---:|---:|---:|", *shown])


def _metric_row(name: str, before: TrialRun, after: TrialRun) -> str:
    old, new = dict(before.metrics).get(name), dict(after.metrics).get(name)
    values = ["" if value is None else format_metric(value) for value in (old, new)]
    difference = "" if old is None or new is None else f"{new - old:+.4g}"
    return f"| {code(shorten(name, _LONGEST_IN_A_ROW))} | {' | '.join(values)} | {difference} |"
