"""What only the merge with base's newest commit shows: two changes that are right by themselves can be wrong together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from refinery.review.plan import Place, Risk
from refinery.review.risks import BROKEN_MERGE, USELESS_COMMENT, Thresholds, sort_risks
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import Problem
    from refinery.review.errors import ReviewError
    from refinery.review.plan import Plan
    from refinery.review.versions import Versions


def add_merge_result(plan: Plan, merged_plan: Plan, versions: Versions, merged: Versions) -> Plan:
    """Add what merging into base's newest commit does and the plan does not show.

    Args:
        plan: What the change does to the commit that it was made on.
        merged_plan: What it does to base's newest commit.
        versions: The versions of the plan.
        merged: Base's newest commit, and the merge of both.
    """
    errors = _new_errors(plan, merged_plan)
    risks = (
        *_risks_of_errors(plan, errors, versions, merged),
        *_new_risks(plan, merged_plan, versions, merged),
    )
    broken = {one.path for one in errors}
    names = sorted({dag_id for dag_id, path in _differences(plan, merged_plan) if path not in broken})
    note = f"Merging into {_newest(versions)} changes these pipelines otherwise than shown here: {list_names(names)}."
    return replace(
        plan,
        risks=sort_risks((*plan.risks, *risks)),
        notes=(*plan.notes, note) if names else plan.notes,
    )


def note_unchecked_merge(plan: Plan, versions: Versions, error: ReviewError) -> Plan:
    """Note that the merge could not be checked, and why."""
    note = f"What merging into {_newest(versions)} gives was not checked: {error}"
    return replace(plan, notes=(*plan.notes, note))


def _newest(versions: Versions) -> str:
    return f"{versions.base.version.name} as it is now ({(versions.tip or '')[:7]})"


def _new_errors(plan: Plan, merged_plan: Plan) -> list[Problem]:
    """Return the errors that neither side has; lines do not matter, since a merge moves them."""
    known = {_kind(one) for one in (*plan.head_problems, *merged_plan.base_problems)}
    return [one for one in merged_plan.head_problems if one.severity == "error" and _kind(one) not in known]


def _kind(problem: Problem) -> tuple[str, str, str]:
    return problem.path, problem.key, problem.code


def _risks_of_errors(
    plan: Plan, errors: list[Problem], versions: Versions, merged: Versions
) -> Iterator[Risk]:
    severity = (plan.thresholds or Thresholds()).severity_of(BROKEN_MERGE.code)
    if severity is None:
        return
    for one in errors:
        key = f"{one.key}: " if one.key else ""
        yield Risk(
            code=BROKEN_MERGE.code,
            severity=severity,
            title=BROKEN_MERGE.title,
            sentence=f"merged into {_newest(versions)}, {one.path}:{one.line} is wrong: {key}{one.message}",
            pipelines=tuple(sorted({change.dag_id for change in plan.pipelines if change.path == one.path})),
            place=_place_in_head(Place(one.path, one.line), versions, merged),
        )


def _new_risks(plan: Plan, merged_plan: Plan, versions: Versions, merged: Versions) -> Iterator[Risk]:
    """Give the risks that the change has only where it is merged into base's newest commit."""
    known = {(one.code, dag_id) for one in plan.risks for dag_id in (*one.pipelines, "")}
    for one in merged_plan.risks:
        is_new = any((one.code, dag_id) not in known for dag_id in one.pipelines or ("",))
        if is_new and one.code != USELESS_COMMENT.code:
            sentence = f"merged into {_newest(versions)}: {one.sentence}"
            yield replace(one, sentence=sentence, place=_place_in_head(one.place, versions, merged))


def _place_in_head(place: Place | None, versions: Versions, merged: Versions) -> Place | None:
    """Return a place of the merge if it is the same one in head; a file that both sides edit has other lines."""
    if place is None or place.side == "base":
        return None
    before, after = (one.head.entries.get(place.path) for one in (versions, merged))
    return place if before and after and before.digest == after.digest else None


def _differences(plan: Plan, merged_plan: Plan) -> set[tuple[str, str]]:
    """Return the DAG ids that the two plans change otherwise, each with its config."""
    return {(dag_id, path) for dag_id, path, _ in {*_changes(plan)} ^ {*_changes(merged_plan)}}


def _changes(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for one in plan.pipelines:
        yield (
            one.dag_id,
            one.path,
            repr((one.kind, [change.sentence for change in one.changes], one.environments)),
        )
    for code in plan.code:
        yield from ((dag_id, "", repr((code.name, code.sentence))) for dag_id in code.pipelines)
