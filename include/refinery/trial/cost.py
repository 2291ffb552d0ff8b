"""What a change of schedules costs: the trainings of a month before and after, and what the last runs took."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.review import Cost, runs_a_year
from refinery.trial.history import read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.review import Plan
    from refinery.spec.urls import S3Url
    from refinery.storage import ObjectCache
    from refinery.trial.history import PastRun

_MONTHS = 12


def find_costs(plan: Plan, s3: Callable[[S3Url, str], S3Client], cache: ObjectCache) -> tuple[Cost, ...]:
    """Say what each pipeline whose trainings become more or fewer costs a month, by what its last runs took.

    Args:
        plan: The plan.
        s3: Returns the client for a URL and an Airflow connection.
        cache: The manifests that were read before.
    """
    return tuple(_find_costs(plan, s3, cache))


def _find_costs(plan: Plan, s3: Callable[[S3Url, str], S3Client], cache: ObjectCache) -> Iterator[Cost]:
    for change in plan.first_of_each():
        before, after = (_runs_a_month(side, plan.date) for side in (change.base, change.head))
        measured = change.base or change.head
        if before == after or measured is None:
            continue
        try:
            history = read_history(measured, s3, cache)
        except RefineryError as error:
            yield Cost(change.dag_id, before, after, problem=str(error))
            continue
        runs = [*history.promoted, *history.rejected]
        seconds = [value for run in runs if (value := _cpu_seconds(run)) is not None]
        memory = [value for run in runs if (value := _usage(run).get("peak_memory_bytes")) is not None]
        yield Cost(
            change.dag_id,
            before,
            after,
            measured=len(seconds),
            cpu_seconds=median(seconds) if seconds else None,
            memory_bytes=max(memory, default=None),
        )


def _runs_a_month(pipeline: Pipeline | None, day: date) -> float | None:
    """Return how many runs a month has; 0 of a pipeline that is not there or has no schedule, None where no clock starts it."""
    if pipeline is None or pipeline.config.schedule is None:
        return 0.0
    a_year = runs_a_year(pipeline.config, day)
    return a_year / _MONTHS if a_year is not None else None


def _cpu_seconds(run: PastRun) -> float | None:
    """Return the CPU time of a training; of a manifest that has none, how long the training took."""
    value = _usage(run).get("cpu_seconds", run.manifest.get("duration_seconds"))
    return float(value) if isinstance(value, int | float) else None


def _usage(run: PastRun) -> dict[str, Any]:
    usage = run.manifest.get("usage")
    return usage if isinstance(usage, dict) else {}
