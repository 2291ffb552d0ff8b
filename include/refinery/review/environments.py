"""The plans of several environments as one: what is equal in all of them is said once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from refinery.config import merge_problems
from refinery.review.plan import CodeChange, Follower, PipelineChange, Plan, Risk, SharedChange
from refinery.review.risks import sort_risks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_Part = TypeVar("_Part", PipelineChange, SharedChange, CodeChange, Follower, Risk)


def merge_plans(plans: Sequence[Plan]) -> Plan:
    """Merge the plans of several environments; what not all of them have names those that have it."""
    first, *others = plans
    if not others:
        return first
    by_name = {plan.environment: plan for plan in plans}
    pipelines = _merge({name: plan.pipelines for name, plan in by_name.items()})
    changed = {one.dag_id for one in pipelines}
    unchanged = frozenset().union(*(plan.unchanged_ids for plan in plans)) - changed
    reached = {one.dag_id: one for plan in reversed(plans) for one in plan.reached}
    return replace(
        first,
        environment=", ".join(by_name),
        environments=tuple(by_name),
        pipelines=tuple(sorted(pipelines, key=lambda one: one.dag_id)),
        unchanged=len(unchanged),
        unchanged_ids=unchanged,
        reached=tuple(reached[dag_id] for dag_id in sorted(reached.keys() - changed)),
        shared=_merge({name: plan.shared for name, plan in by_name.items()}),
        code=_merge({name: plan.code for name, plan in by_name.items()}),
        downstream=_merge({name: plan.downstream for name, plan in by_name.items()}),
        risks=sort_risks(_merge({name: plan.risks for name, plan in by_name.items()})),
        base_problems=merge_problems({name: plan.base_problems for name, plan in by_name.items()}),
        head_problems=merge_problems({name: plan.head_problems for name, plan in by_name.items()}),
        notes=_merge_notes({name: plan.notes for name, plan in by_name.items()}),
    )


def _merge(parts: Mapping[str, Iterable[_Part]]) -> tuple[_Part, ...]:
    # Values of configs are lists and mappings too, which have no hash.
    found: dict[str, tuple[_Part, list[str]]] = {}
    for environment, of_environment in parts.items():
        for one in of_environment:
            found.setdefault(repr(one), (one, []))[1].append(environment)
    return tuple(
        replace(one, environments=() if len(names) == len(parts) else tuple(names))
        for one, names in found.values()
    )


def _merge_notes(notes: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    found: dict[str, list[str]] = defaultdict(list)
    for environment, of_environment in notes.items():
        for note in of_environment:
            found[note].append(environment)
    return tuple(
        note if len(names) == len(notes) or f'"{names[0]}"' in note else f"In {', '.join(names)}: {note}"
        for note, names in found.items()
    )
