"""What a change of schedules and of searches costs: the trainings of a month before and after, and what the last runs took."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from refinery.config.models import SearchConfig
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
    """Say what each pipeline whose trainings, or whose fits in each, become more or fewer costs a month, by what its last runs took.

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
        if measured is None:
            continue
        # A pipeline that comes or goes is not one whose trainings fit more or fewer models.
        fits_before, fits_after = _fits_of(measured), _fits_of(change.head or measured)
        if (before, fits_before) == (after, fits_after):
            continue
        try:
            history = read_history(measured, s3, cache)
        except RefineryError as error:
            yield Cost(
                change.dag_id,
                before,
                after,
                problem=str(error),
                fits_before=fits_before,
                fits_after=fits_after,
            )
            continue
        runs = [*history.promoted, *history.rejected]
        seconds = [value for run in runs if (value := _cpu_seconds(run)) is not None]
        of_fits = [value / _fits_in(run.manifest) for run in runs if (value := _cpu_seconds(run)) is not None]
        memory = [value for run in runs if (value := _usage(run).get("peak_memory_bytes")) is not None]
        yield Cost(
            change.dag_id,
            before,
            after,
            measured=len(seconds),
            cpu_seconds=median(seconds) if seconds else None,
            memory_bytes=max(memory, default=None),
            fits_before=fits_before,
            fits_after=fits_after,
            cpu_seconds_after=median(of_fits) * fits_after if of_fits and fits_before != fits_after else None,
        )


def _fits_of(pipeline: Pipeline) -> int:
    """Return how many models one training fits at most."""
    config = pipeline.config
    fits = 1 + (config.evaluate.cross_validation or 0)
    if not config.model.is_searched:
        return fits
    asked = config.search or SearchConfig()
    return fits + asked.folds * config.model.count_trials(asked.trials)


def _fits_in(manifest: dict[str, Any]) -> int:
    """Return about how many models a run has fitted, pruned ones as half of one."""
    fits = 1
    validation, search = manifest.get("cross_validation"), manifest.get("search")
    if isinstance(validation, dict) and isinstance(validation.get("folds"), int):
        fits += validation["folds"]
    if isinstance(search, dict) and isinstance(trials := search.get("trials"), dict):
        counts = [trials.get(state) for state in ("done", "pruned", "failed", "stopped")]
        done, *others = [one if isinstance(one, int) else 0 for one in counts]
        folds = search.get("folds")
        fits += int((done + sum(others) / 2) * (folds if isinstance(folds, int) else 1))
    return fits


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
