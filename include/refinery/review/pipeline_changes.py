"""What happens to one pipeline: its values, and what they do to its tasks, objects and runs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from refinery.config import series_output
from refinery.review.effects import describe_effects, find_changed_tasks, first_run_day, render_tasks
from refinery.review.plan import PipelineChange
from refinery.review.values import describe_values
from refinery.spec.series import ModelSeries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from refinery.config import Pipeline
    from refinery.review.plan import ValueChange


def describe_added(head: Pipeline, day: date) -> PipelineChange:
    """Describe an added pipeline."""
    return PipelineChange(
        kind="added",
        dag_id=head.dag_id,
        previous_id=None,
        path=head.path,
        changes=describe_values(head, "head"),
        tasks_changed=(),
        before=None,
        after=describe_effects(head, render_tasks(head), day, first_run_day(head, day)),
        left_behind=(),
        head=head,
    )


def describe_removed(base: Pipeline, day: date, latest_urls: Collection[str]) -> PipelineChange:
    """Describe a removed pipeline.

    Args:
        base: The pipeline.
        day: The day whose objects are shown.
        latest_urls: Where the pipelines after name their latest models, which shows whose models continue.
    """
    return PipelineChange(
        kind="removed",
        dag_id=base.dag_id,
        previous_id=None,
        path=base.path,
        changes=describe_values(base, "base"),
        tasks_changed=(),
        before=describe_effects(base, render_tasks(base), day, first_run_day(base, day)),
        after=None,
        left_behind=_left_behind(base, None, latest_urls),
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
        day: The day whose objects are shown.
        latest_urls: Where the pipelines after name their latest models, which shows whose models continue.
    """
    tasks, new_tasks = render_tasks(base), render_tasks(head)
    sample = max(first_run_day(base, day), first_run_day(head, day))
    is_renamed = base.dag_id != head.dag_id
    return PipelineChange(
        kind="renamed" if is_renamed else "changed",
        dag_id=head.dag_id,
        previous_id=base.dag_id if is_renamed else None,
        path=head.path,
        changes=tuple(changes),
        tasks_changed=find_changed_tasks(tasks, new_tasks),
        before=describe_effects(base, tasks, day, sample),
        after=describe_effects(head, new_tasks, day, sample),
        left_behind=_left_behind(base, head, latest_urls),
        base=base,
        head=head,
    )


def latest_url(pipeline: Pipeline) -> str:
    """Return where a pipeline's latest model is named, which identifies its series of models."""
    return _latest_url(series_output(pipeline.config))


@lru_cache(maxsize=1 << 15)
def _latest_url(output: str) -> str:
    return str(ModelSeries.of_output(output).latest_url)


def _left_behind(base: Pipeline, head: Pipeline | None, latest_urls: Collection[str]) -> tuple[str, ...]:
    """Say what stays of a removed, renamed or moved pipeline, a sentence each."""
    return (*_models(base, latest_urls), *_history(base, head))


def _models(base: Pipeline, latest_urls: Collection[str]) -> Iterator[str]:
    latest = latest_url(base)
    if latest not in latest_urls:
        yield (
            f"The models written to {base.config.output.url} stay where they are; nothing deletes them, and {latest} still "
            "names the last of them."
        )


def _history(base: Pipeline, head: Pipeline | None) -> Iterator[str]:
    if head is None:
        yield (
            f"Airflow keeps the runs of {base.dag_id} and does not start new ones; delete them with: "
            f"airflow dags delete {base.dag_id}"
        )
    elif head.dag_id != base.dag_id:
        yield (
            f"The runs of {base.dag_id} stay under its old name: {head.dag_id} is a new DAG to Airflow, without history. "
            f"Delete the old one with: airflow dags delete {base.dag_id}"
        )
