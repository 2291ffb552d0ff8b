"""A plan for a pull request's page: a summary, the risks, then what changes, folded; short enough for one comment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.config.problems import list_names
from include.review.formats.escaping import code, html_code, prose, shorten
from include.review.formats.fitting import Section, fit
from include.review.formats.measured import STAKE_HEAD, stake_row, trial_block
from include.review.formats.pipeline_details import pipeline_details
from include.review.formats.wording import (
    SEVERITIES,
    count,
    parts_of,
    place_text,
    summary_line,
    told_by_shared,
    version_name,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.config import Problem
    from include.review.plan import CodeChange, Place, Plan, Risk, SharedChange

# GitHub takes 65,536 characters for one comment; the rest is for what its poster says around the plan. Bytes are counted here,
# which are never fewer.
_ROOM_FOR_POSTER = 1_536
GITHUB_LIMIT = 65_536 - _ROOM_FOR_POSTER
# GitHub's own coloured boxes.
_BOXES = {"high": "CAUTION", "medium": "WARNING", "low": "NOTE"}
# The same sentence for hundreds of pipelines would hide all else.
_MOST_OF_A_KIND = 10
_LONGEST_NAME = 60
_LONGEST_PLACE = 160
_LONGEST_SENTENCE = 600
_ARROW = " \N{RIGHTWARDS ARROW} "


def plan_as_markdown(plan: Plan, *, limit: int = GITHUB_LIMIT) -> str:
    """Write a plan in GitHub's Markdown, in less than `limit` bytes.

    Foreign text cannot make markup, mention people or refer to issues: it stands in code.

    Args:
        plan: The plan.
        limit: The size to stay below. What does not fit is left out from the end, and counted.
    """
    head = f"### Refinery plan: {summary_line(plan)}\n\n{_subtitle(plan)}"
    return fit(head, list(_sections(plan)), limit)


def _subtitle(plan: Plan) -> str:
    versions = f"{code(version_name(plan.base))} \N{RIGHTWARDS ARROW} {code(version_name(plan.head))}"
    unchanged = f" {count(plan.unchanged, 'pipeline')} unchanged." if plan.unchanged else ""
    return f"{versions}, environment {code(plan.environment)}, on {plan.date.isoformat()}.{unchanged}"


def _sections(plan: Plan) -> Iterator[Section]:
    yield _boxed(
        "error or warning", "The configs have errors or warnings", map(_problem, plan.head_problems), "high"
    )
    opened = [one for one in plan.risks if one.accepted is None]
    for severity in SEVERITIES:
        risks = [one for one in opened if one.severity == severity]
        title = count(len(risks), f"{severity} risk").capitalize()
        yield _boxed(f"{severity} risk", title, _risks(risks), severity)
    yield _listed("shared change", "Shared changes", map(_shared, plan.shared))
    yield _blocks("trial", "Tried", map(trial_block, plan.trials))
    yield Section(
        "promoted model",
        tuple(map(stake_row, plan.stakes)),
        f"#### At stake: the models promoted last\n\n{STAKE_HEAD}",
    )
    yield _pipelines(plan)
    yield _listed("code change", "Code", map(_code_change, plan.code))
    yield _listed("note", "Notes", map(_sentence, plan.notes))
    accepted = [one for one in plan.risks if one.accepted is not None]
    yield _folded("accepted risk", count(len(accepted), "accepted risk"), _risks(accepted))
    before = f"Errors and warnings before, in {html_code(plan.base.name)}"
    yield _folded("error or warning before", before, map(_problem, plan.base_problems))


def _boxed(thing: str, title: str, entries: Iterable[str], severity: str) -> Section:
    opening = f"> [!{_BOXES[severity]}]\n> **{title}**\n>"
    return Section(thing, tuple(entries), opening, bullet="> - ")


def _listed(thing: str, title: str, entries: Iterable[str]) -> Section:
    return Section(thing, tuple(entries), f"#### {title}\n", bullet="- ")


def _blocks(thing: str, title: str, entries: Iterable[str]) -> Section:
    return Section(thing, tuple(entries), f"#### {title}\n", between="\n\n")


def _folded(thing: str, title: str, entries: Iterable[str]) -> Section:
    opening = f"<details><summary>{title}</summary>\n"
    return Section(thing, tuple(entries), opening, bullet="- ", closing="\n\n</details>")


def _pipelines(plan: Plan) -> Section:
    told = told_by_shared(plan)
    shown = worst_first([one for one in plan.pipelines if one.dag_id not in told], plan.risks)
    names = [one.dag_id for one in shown]
    blocks = [pipeline_details(one, plan.date) for one in shown]
    if told:
        names.append("those of the shared changes alone")
        blocks.append(f"By the shared changes alone: {_names(sorted(told))}.")
    section = _blocks("pipeline", "Pipelines", blocks)
    return replace(section, gives_way=True, names=tuple(names))


def _problem(problem: Problem) -> str:
    key = f"{code(shorten(problem.key, _LONGEST_NAME))}: " if problem.key else ""
    place = code(shorten(f"{problem.path}:{problem.line}:{problem.column}", _LONGEST_PLACE))
    return f"{place}: {key}{_sentence(problem.message)}"


def _risks(risks: Iterable[Risk]) -> Iterator[str]:
    """Write each risk, what is said of several once; of a kind with very many the first, and the pipelines of the others."""
    kinds: dict[str, dict[tuple[str, str | None], list[Risk]]] = {}
    for one in risks:
        kinds.setdefault(one.code, {}).setdefault((one.sentence, one.accepted), []).append(one)
    for groups in kinds.values():
        alike = list(groups.values())
        yield from map(_risk, alike[:_MOST_OF_A_KIND])
        if rest := [one for group in alike[_MOST_OF_A_KIND:] for one in group]:
            names = dict.fromkeys(name for one in rest for name in one.pipelines)
            about = f": {_names(names)}" if names else ""
            yield f"**{prose(f'{rest[0].code} {rest[0].title}')}**, {len(rest):,} more{about}"


def _risk(alike: list[Risk]) -> str:
    """Write the risks of one kind and one sentence as one entry."""
    risk = alike[0]
    names = dict.fromkeys(name for one in alike for name in one.pipelines)
    places = dict.fromkeys(place for one in alike for place in _place(one.place))
    about = [list_names(shown) for shown in ([_name(name) for name in names], places) if shown]
    accepted = f" Accepted because {_sentence(risk.accepted)}" if risk.accepted is not None else ""
    times = f", {len(alike):,} times" if len(alike) > 1 else ""
    title = f"**{prose(f'{risk.code} {risk.title}')}**{times}"
    return f"{title}: {_sentence(risk.sentence)}{accepted}<br>{', '.join(about)}"


def _shared(shared: SharedChange) -> str:
    said = _ARROW.join(code(part) for part in parts_of(shared.change))
    place = "".join(f" ({one})" for one in _place(shared.change.place))
    reached = f"{count(len(shared.pipelines), 'pipeline')}: {_names(shared.pipelines)}"
    return f"{code(shared.change.key)}: {said}{place}<br>in {reached}"


def _code_change(change: CodeChange) -> str:
    reached = f"<br>reaches {count(len(change.pipelines), 'pipeline')}: {_names(change.pipelines)}"
    return f"{_sentence(change.sentence)}{reached if change.pipelines else ''}"


def _names(names: Iterable[str]) -> str:
    return list_names(map(_name, names))


def _name(name: str) -> str:
    return code(shorten(name, _LONGEST_NAME))


def _place(place: Place | None) -> Iterator[str]:
    if place:
        yield code(shorten(place_text(place), _LONGEST_PLACE))


def _sentence(text: str) -> str:
    return prose(shorten(text, _LONGEST_SENTENCE))
