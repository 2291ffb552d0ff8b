"""Says what happens to one pipeline: its values, and what they do to its tasks, objects and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.review.behaviour import describe_behaviour, find_changed_tasks, render_tasks
from include.review.left_behind import find_left_behind
from include.review.plan import PipelineChange
from include.review.values import describe_values

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from include.config import Pipeline
    from include.review.plan import ValueChange


def describe_added(head: Pipeline, day: date) -> PipelineChange:
    """Describe a pipeline that comes."""
    return PipelineChange(
        kind="added",
        dag_id=head.dag_id,
        previous_id=None,
        path=head.path,
        changes=describe_values(head, "head"),
        tasks_changed=(),
        before=None,
        after=describe_behaviour(head, render_tasks(head), day),
        left_behind=(),
        head=head,
    )


def describe_removed(base: Pipeline, day: date, latest_urls: Collection[str]) -> PipelineChange:
    """Describe a pipeline that goes.

    Args:
        base: The pipeline.
        day: The day whose objects are told.
        latest_urls: As of find_left_behind.
    """
    return PipelineChange(
        kind="removed",
        dag_id=base.dag_id,
        previous_id=None,
        path=base.path,
        changes=describe_values(base, "base"),
        tasks_changed=(),
        before=describe_behaviour(base, render_tasks(base), day),
        after=None,
        left_behind=find_left_behind(base, None, latest_urls),
        base=base,
    )


def describe_changed(
    base: Pipeline,
    head: Pipeline,
    changes: Sequence[ValueChange],
    day: date,
    latest_urls: Collection[str],
) -> PipelineChange:
    """Describe a pipeline that stays, under its name or another.

    Args:
        base: The pipeline before.
        head: The pipeline after.
        changes: The values that differ.
        day: The day whose objects are told.
        latest_urls: As of find_left_behind.
    """
    tasks, new_tasks = render_tasks(base), render_tasks(head)
    is_renamed = base.dag_id != head.dag_id
    return PipelineChange(
        kind="renamed" if is_renamed else "changed",
        dag_id=head.dag_id,
        previous_id=base.dag_id if is_renamed else None,
        path=head.path,
        changes=tuple(changes),
        tasks_changed=find_changed_tasks(tasks, new_tasks),
        before=describe_behaviour(base, tasks, day),
        after=describe_behaviour(head, new_tasks, day),
        left_behind=find_left_behind(base, head, latest_urls),
        base=base,
        head=head,
    )
