"""The words that all formats share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from refinery.review.plan import (
        Kind,
        PipelineChange,
        Place,
        Plan,
        Risk,
        RunTime,
        Severity,
        SharedChange,
        ValueChange,
        Version,
    )

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
_KINDS: tuple[Kind, ...] = ("added", "removed", "renamed")
_SHORT_HASH = 7


def summary_line(plan: Plan) -> str:
    """Sum up the plan in one line, the worst first, such as "1 high risk; 3 pipelines change, 1 added"."""
    worst = ", ".join([*_problems(plan), *_risks(plan), *_trials(plan)])
    changes = ", ".join([*_changes(plan), *_code(plan)])
    return "; ".join(filter(None, (worst, changes))) or "no pipeline changes"


def count_unchanged(plan: Plan) -> int:
    """Count the pipelines that get neither other settings nor other code."""
    return plan.unchanged - len(_reached_by_code_alone(plan))


def versions_line(plan: Plan) -> str:
    """Name what was compared."""
    return (
        f"{version_name(plan.base)} -> {version_name(plan.head)}, "
        f"{'environment' if len(plan.environments) == 1 else 'environments'} {', '.join(plan.environments)}, "
        f"{plan.date.isoformat()}"
    )


def version_name(version: Version) -> str:
    """Name a version, with the beginning of its commit's hash where the name is another."""
    short = (version.commit or "")[:_SHORT_HASH]
    if version.is_fork_point:
        return f"{version.name} at the fork point {short}"
    return version.name if not short or version.name.startswith(short) else f"{version.name} ({short})"


def count(number: int, thing: str) -> str:
    """Write a number of things, such as "1 pipeline", "2,000 pipelines"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def format_place(place: Place) -> str:
    """Write a place, such as "configs/churn.yml:5"."""
    return f"{place.path}:{place.line}" + (" (before)" if place.side == "base" else "")


def topics_of(change: PipelineChange) -> tuple[str, ...]:
    """Name what changes in a pipeline, each topic once."""
    return tuple(dict.fromkeys(one.topic for one in change.changes))


def task_changes(change: PipelineChange) -> tuple[tuple[str, str], ...]:
    """Return what becomes of each task: a sign of "+", "-" or "~", and its name with the arguments that change."""
    if change.before is None or change.after is None:
        return ()
    before, after = change.before.graph.tasks, change.after.graph.tasks
    changed = dict(change.tasks_changed)
    return (
        *(("-", task) for task in before if task not in after),
        *(
            ("+", task) if task not in before else ("~", f"{task}: {', '.join(changed[task])}")
            for task in after
            if task not in before or task in changed
        ),
    )


def shape_changes(change: PipelineChange) -> bool:
    """Return whether tasks or edges come or go."""
    return bool(change.before and change.after and change.before.graph != change.after.graph)


def runs_change(change: PipelineChange) -> bool:
    """Return whether its run times differ; those of an added or removed one do."""
    before, after = change.before, change.after
    return not (before and after) or (before.schedule, before.runs) != (after.schedule, after.runs)


def changed_objects(change: PipelineChange) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the objects that a day's run no longer reads and writes, and those that it newly does, each list under its heading."""
    before = change.before.objects if change.before else ()
    after = change.after.objects if change.after else ()
    read_before = change.before.reads if change.before else ()
    read_after = change.after.reads if change.after else ()
    sampled = change.after or change.before
    on = f" on {sampled.objects_of.isoformat()}" if sampled and sampled.objects_of else ""
    lists = (
        (f"no longer read{on}", set(read_before) - set(read_after)),
        (f"newly read{on}", set(read_after) - set(read_before)),
        (f"no longer written{on}, and not deleted", set(before) - set(after)),
        (f"newly written{on}", set(after) - set(before)),
    )
    return tuple((heading, tuple(sorted(urls))) for heading, urls in lists if urls)


def parts_of(change: ValueChange) -> tuple[str, ...]:
    """Split a change's sentence into its value before and after; or into all that follows the key if it has another form."""
    rest = change.sentence.removeprefix(f"{change.key}: ")
    parts = tuple(rest.split(" -> "))
    return parts if len(parts) == 2 else (rest,)  # noqa: PLR2004 - before and after


def covered_by_shared(plan: Plan) -> tuple[PipelineChange, ...]:
    """Return the pipelines that the plan's shared changes cover: nothing but settings changes there."""
    return tuple(
        one
        for one in plan.pipelines
        if one.kind == "changed"
        and one.changes
        and not (shape_changes(one) or changed_objects(one) or runs_change(one) or one.left_behind)
        and {change.sentence for change in one.changes}
        <= {shared.change.sentence for shared in plan.shared if _reaches(shared, one)}
    )


def _reaches(shared: SharedChange, change: PipelineChange) -> bool:
    is_everywhere = not shared.environments
    return change.dag_id in shared.pipelines and (
        is_everywhere or (bool(change.environments) and {*change.environments} <= {*shared.environments})
    )


def worst_first(changes: Iterable[PipelineChange], risks: Iterable[Risk]) -> list[PipelineChange]:
    """Sort pipelines by the worst of their risks that nobody accepted."""
    ranks: dict[str, int] = {}
    for risk in risks:
        for name in risk.pipelines if risk.accepted is None else ():
            ranks[name] = min(ranks.get(name, len(SEVERITIES)), SEVERITIES.index(risk.severity))
    return sorted(changes, key=lambda change: ranks.get(change.dag_id, len(SEVERITIES)))


def format_run(run: RunTime) -> str:
    """Write a run's time in UTC, and in the pipeline's own timezone where that is another."""
    return f"{run.utc} UTC ({run.local})" if run.local else f"{run.utc} UTC"


def format_metric(value: float) -> str:
    """Write a metric with four significant digits."""
    return f"{value:.4g}"


def _changes(plan: Plan) -> Iterator[str]:
    kinds = Counter(kind for kind, _ in {(one.kind, one.dag_id) for one in plan.pipelines})
    if changed := kinds["changed"]:
        yield f"{count(changed, 'pipeline')} {'changes' if changed == 1 else 'change'}"
    for kind in _KINDS:
        if kinds[kind]:
            is_first = kind == next(one for one in ("changed", *_KINDS) if kinds[one])
            yield f"{count(kinds[kind], 'pipeline')} {kind}" if is_first else f"{kinds[kind]:,} {kind}"


def _code(plan: Plan) -> Iterator[str]:
    """Count the pipelines that only get other code."""
    if reached := _reached_by_code_alone(plan):
        yield f"{count(len(reached), 'pipeline')} reached by code"


def _reached_by_code_alone(plan: Plan) -> set[str]:
    changed = {one.dag_id for one in plan.pipelines}
    return {name for one in plan.code for name in one.pipelines} - changed


def _risks(plan: Plan) -> Iterator[str]:
    opened = Counter(one.severity for one in plan.risks if one.accepted is None)
    for severity in SEVERITIES:
        if opened[severity]:
            yield count(opened[severity], f"{severity} risk")
    if accepted := sum(one.accepted is not None for one in plan.risks):
        yield count(accepted, "accepted risk")


def _trials(plan: Plan) -> Iterator[str]:
    if rejected := sum(one.after.gate == "rejected" for one in plan.trials):
        yield count(rejected, "rejected trial")


def _problems(plan: Plan) -> Iterator[str]:
    errors = sum(one.severity == "error" for one in plan.head_problems)
    if errors:
        yield f"{count(errors, 'error')} in the configs"
