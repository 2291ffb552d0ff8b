"""Compare two versions of a project: what merging the one into the other would do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refinery.review.checkout import CONFIGS, load_versions, read_libraries
from refinery.review.code.changes import find_code_changes
from refinery.review.code.imports import find_missing_imports
from refinery.review.code.libraries import note_ignored_pins
from refinery.review.downstream import find_followers
from refinery.review.environments import merge_plans
from refinery.review.errors import ReviewError
from refinery.review.merge_result import add_merge_result, note_unchecked_merge
from refinery.review.newcomers import name_newcomers
from refinery.review.pairs import pair_pipelines
from refinery.review.pipeline_changes import describe_added, describe_changed, describe_removed, latest_url
from refinery.review.plan import Plan, SharedChange
from refinery.review.risks import Thresholds, find_risks
from refinery.review.risks.thresholds import PYPROJECT
from refinery.review.values import find_edits
from refinery.review.versions import find_versions, merge_with_tip
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from refinery.config import CheckClasses, Project
    from refinery.review.checkout import Sides
    from refinery.review.pairs import Pair
    from refinery.review.plan import PipelineChange, ValueChange
    from refinery.review.values import Edit
    from refinery.review.versions import Snapshot, Versions


def make_plan(
    project_root: Path,
    *,
    base: str | None,
    head: str | None,
    environment: str | None,
    day: date | None,
    check_classes: CheckClasses | None = None,
) -> Plan:
    """Describe what merging head into base would do; the same versions give the same plan.

    Args:
        project_root: The project's folder, in a git repository.
        base: The revision to merge into; None for the usual branch.
        head: The revision to merge; None for the working tree.
        environment: The environment that configs are resolved for; None for all of them.
        day: The day whose objects and runs are shown; None for that of head's commit.
        check_classes: As of `refinery.config.load_project`: what a library class has against its parameters, for head.

    Raises:
        ReviewError: The two cannot be compared.
    """
    versions = find_versions(project_root, base, head)

    def plan(versions: Versions) -> Plan:
        return _plan_versions(versions, environment, day or versions.date, check_classes)

    made = plan(versions)
    try:
        with merge_with_tip(project_root, versions) as merged:
            return add_merge_result(made, plan(merged), versions, merged) if merged else made
    except ReviewError as error:
        return note_unchecked_merge(made, versions, error)


def _plan_versions(
    versions: Versions, environment: str | None, day: date, check_classes: CheckClasses | None
) -> Plan:
    thresholds, threshold_notes = _read_thresholds(versions)
    sides = load_versions(versions.base, versions.head, environment, check_classes)
    removed = {one.environment: one.base for one in sides if one.base and one.is_removed}
    comparison = _Comparison(versions, day, thresholds, removed)
    plan = merge_plans([comparison.plan(one, one.head) for one in sides if one.head])
    ignored = note_ignored_pins(versions.base, versions.head)
    notes = (
        *versions.notes,
        *_note_missing(versions),
        *_note_libraries(versions),
        *plan.notes,
        *threshold_notes,
        *ignored,
    )
    return replace(plan, notes=notes)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What the plans of all environments share.

    Attributes:
        versions: The two versions.
        day: The day whose objects and runs are shown.
        thresholds: What counts as too much.
        removed: The environments that the change removes, as they were.
    """

    versions: Versions
    day: date
    thresholds: Thresholds
    removed: Mapping[str, Project]

    def plan(self, sides: Sides, head: Project) -> Plan:
        """Compare the two versions in one environment."""
        plan = Plan(
            base=self.versions.base.version,
            head=self.versions.head.version,
            environment=sides.environment,
            environments=(sides.environment,),
            date=self.day,
            head_problems=head.problems,
            notes=sides.notes,
            folder=self.versions.folder,
            thresholds=self.thresholds,
        )
        return self._compare(plan, sides.base, head) if sides.base else plan

    def _compare(self, plan: Plan, before: Project, after: Project) -> Plan:
        pairs, notes = pair_pipelines(before, after)
        edits = {
            pair.head.dag_id: found
            for pair in pairs
            if pair.base and pair.head and (found := find_edits(pair.base, pair.head))
        }
        changed = tuple(self._changes(pairs, edits, {latest_url(pipeline) for pipeline in after.pipelines}))
        code = find_code_changes(self.versions.base, self.versions.head, after.pipelines)
        unchanged = {pair.dag_id for pair in pairs} - {one.dag_id for one in changed}
        reached = {dag_id for one in code if one.is_model_file for dag_id in one.pipelines} & unchanged
        return replace(
            plan,
            pipelines=changed,
            unchanged=len(unchanged),
            unchanged_ids=frozenset(unchanged),
            reached=tuple(pair for pair in pairs if pair.dag_id in reached),
            shared=_group(edits.items()),
            code=code,
            downstream=find_followers(changed, code, after.pipelines),
            risks=find_risks(
                changed,
                base=before,
                head=after,
                day=self.day,
                thresholds=self.thresholds,
                removed_environments=self.removed,
                code=code,
                missing_imports=tuple(find_missing_imports(self.versions.base, self.versions.head, code)),
            ),
            base_problems=before.problems,
            head_problems=name_newcomers(before, after),
            notes=(*plan.notes, *notes),
        )

    def _changes(
        self, pairs: Iterable[Pair], edits: Mapping[str, tuple[Edit, ...]], latest_urls: Collection[str]
    ) -> Iterator[PipelineChange]:
        for pair in pairs:
            base, head = pair.base, pair.head
            if base is None and head:
                yield describe_added(head, self.day)
            elif base and head is None:
                yield describe_removed(base, self.day, latest_urls)
            elif base and head and (head.dag_id in edits or base.dag_id != head.dag_id):
                values = [edit.change for edit in edits.get(head.dag_id, ())]
                change = describe_changed(base, head, values, self.day, latest_urls)
                causes = {str(_identify(edit.cause)) for edit in edits.get(head.dag_id, ())}
                yield replace(change, causes=tuple(sorted(causes)))


def _note_missing(versions: Versions) -> Iterator[str]:
    for one, consequence in (
        (versions.base, "every pipeline is new"),
        (versions.head, "every pipeline is removed"),
    ):
        if not one.digests(f"{CONFIGS}/"):
            yield f"{one.version.name} has no {CONFIGS}/: {consequence}."


def _note_libraries(versions: Versions) -> Iterator[str]:
    """Give a note if configs may name classes of libraries that they could not name before."""
    try:
        before = read_libraries(versions.base)
    except ReviewError:
        return
    if added := [name for name in read_libraries(versions.head) if name not in before]:
        yield (
            f"The change lets configs use classes of {list_names(added)} (libraries in [tool.refinery] of {PYPROJECT}), "
            "whose code then runs in checks and tasks."
        )


def _read_thresholds(versions: Versions) -> tuple[Thresholds, tuple[str, ...]]:
    """Read the stricter thresholds of both versions, and a note where they differ: a change must not loosen what judges it."""
    after = _thresholds_of(versions.head)
    try:
        before = _thresholds_of(versions.base)
    except ReviewError:
        return after, (f"[tool.refinery.plan] of {PYPROJECT} could not be read before the change.",)
    edits = after.edits_since(before)
    note = f"The change edits [tool.refinery.plan] of {PYPROJECT} ({', '.join(edits)}); the stricter of both settings judges it."
    return after.stricter(before), (note,) if edits else ()


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
