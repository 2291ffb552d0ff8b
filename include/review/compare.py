"""Compares two versions of a project: what merging the one into the other would do."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from include.review.checkout import CONFIGS, load_versions
from include.review.code.changes import find_code_changes
from include.review.left_behind import latest_url
from include.review.pairs import pair_pipelines
from include.review.pipeline_changes import describe_added, describe_changed, describe_removed
from include.review.plan import Plan, SharedChange
from include.review.risks import Thresholds, ThresholdsError, find_risks
from include.review.risks.thresholds import PYPROJECT
from include.review.values import find_edits
from include.review.versions import find_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from include.review.plan import PipelineChange, ValueChange
    from include.review.values import Edit
    from include.review.versions import Snapshot, Versions


def make_plan(
    project_root: Path, *, base: str | None, head: str | None, environment: str, day: date | None
) -> Plan:
    """Say what merging head into base would do; the same versions give the same plan.

    Args:
        project_root: The project's folder, in a git repository.
        base: The revision to merge into; None for the usual branch.
        head: The revision to merge; None for the working tree.
        environment: The environment that configs are resolved for.
        day: The day whose objects and runs are told; None for that of head's commit.

    Raises:
        ReviewError: The two cannot be compared.
    """
    versions = find_versions(project_root, base, head)
    before, after, notes = load_versions(versions.base, versions.head, environment)
    pairs, more_notes = pair_pipelines(before, after)
    edits = {
        pair.head.dag_id: found
        for pair in pairs
        if pair.base and pair.head and (found := find_edits(pair.base, pair.head))
    }
    day = day or versions.date
    latest_urls = {latest_url(pipeline) for pipeline in after.pipelines}
    changed: list[PipelineChange] = []
    for pair in pairs:
        if pair.base is None and pair.head:
            changed.append(describe_added(pair.head, day))
        elif pair.base and pair.head is None:
            changed.append(describe_removed(pair.base, day, latest_urls))
        elif pair.base and pair.head and (pair.head.dag_id in edits or pair.base.dag_id != pair.head.dag_id):
            values = [edit.change for edit in edits.get(pair.head.dag_id, ())]
            changed.append(describe_changed(pair.base, pair.head, values, day, latest_urls))
    thresholds, threshold_notes = _read_thresholds(versions)
    risks = find_risks(tuple(changed), base=before, head=after, day=day, thresholds=thresholds)
    return Plan(
        base=versions.base.version,
        head=versions.head.version,
        environment=environment,
        date=day,
        pipelines=tuple(changed),
        unchanged=len(pairs) - len(changed),
        shared=_group(edits.items()),
        code=find_code_changes(versions.base, versions.head, after.pipelines),
        risks=risks,
        base_problems=before.problems,
        head_problems=after.problems,
        notes=(*versions.notes, *_note_missing(versions), *notes, *more_notes, *threshold_notes),
    )


def _note_missing(versions: Versions) -> Iterator[str]:
    for one, consequence in (
        (versions.base, "every pipeline is new"),
        (versions.head, "every pipeline is removed"),
    ):
        if not one.digests(f"{CONFIGS}/"):
            yield f"{one.version.name} has no {CONFIGS}/: {consequence}."


def _read_thresholds(versions: Versions) -> tuple[Thresholds, tuple[str, ...]]:
    """Read what head holds for too much; and a note where that is not what base holds for it."""
    thresholds = _thresholds_of(versions.head)
    try:
        edits = thresholds.edits_since(_thresholds_of(versions.base))
    except ThresholdsError:
        edits = ["it could not be read before"]
    note = f"The change edits [tool.refinery.plan] of {PYPROJECT} ({', '.join(edits)}); risks are judged by the new settings."
    return thresholds, (note,) if edits else ()


def _thresholds_of(snapshot: Snapshot) -> Thresholds:
    if PYPROJECT not in snapshot.entries:
        return Thresholds()
    return Thresholds.from_pyproject(snapshot.read([PYPROJECT])[PYPROJECT].decode(errors="replace"))


def _group(edits: Iterable[tuple[str, tuple[Edit, ...]]]) -> tuple[SharedChange, ...]:
    """Gather the pipelines of each edit that reaches several, the widest first."""
    reached: dict[tuple[object, ...], list[str]] = defaultdict(list)
    causes: dict[tuple[object, ...], ValueChange] = {}
    for dag_id, found in edits:
        for cause in dict.fromkeys(_identify(edit.cause) for edit in found):
            reached[cause].append(dag_id)
        causes.update((_identify(edit.cause), edit.cause) for edit in found)
    shared = (
        SharedChange(causes[identity], tuple(sorted(dag_ids)))
        for identity, dag_ids in reached.items()
        if len(dag_ids) > 1 and causes[identity].place
    )
    return tuple(sorted(shared, key=_order))


def _identify(cause: ValueChange) -> tuple[object, ...]:
    return cause.place, cause.key, cause.sentence


def _order(shared: SharedChange) -> tuple[int, str, int, str]:
    place = shared.change.place
    return (
        -len(shared.pipelines),
        place.path if place else "",
        place.line if place else 0,
        shared.change.key,
    )
