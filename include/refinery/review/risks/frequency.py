"""How often a pipeline runs, by its schedule alone."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from refinery.config.models import EverySchedule
from refinery.config.run_times import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import PipelineConfig

_DAY = dt.timedelta(days=1)
_DAYS_OF_A_YEAR = 365
# As many days with runs show how often a schedule runs: those of a year, or some centuries of a yearly one.
_COUNTED_DAYS = 366


def runs_a_year(config: PipelineConfig, day: dt.date) -> float | None:
    """Return how often a pipeline runs in a year from a day on, on average; None without a clock."""
    if isinstance(config.schedule, EverySchedule):
        return _DAYS_OF_A_YEAR * (_DAY / config.schedule.every)
    cron = _cron(config)
    return _runs_a_year(cron, day) if cron else None


def most_runs_a_day(config: PipelineConfig) -> int:
    """Return the most runs that a day has; 0 without a clock."""
    if isinstance(config.schedule, EverySchedule):
        return _ceil(_DAY, config.schedule.every)
    cron = _cron(config)
    return _runs_of_a_day(cron) if cron else 0


def has_clock(config: PipelineConfig) -> bool:
    """Return whether a clock starts a pipeline's runs."""
    return isinstance(config.schedule, EverySchedule | str)


def past_runs(config: PipelineConfig, day: dt.date, *, since: dt.date | None = None) -> int:
    """Count the runs from a pipeline's start date, or a later day, up to the day, which is not counted itself."""
    first = since or config.start_date
    end = min(day, config.end_date + _DAY) if config.end_date else day
    if end <= first:
        return 0
    if isinstance(config.schedule, EverySchedule):
        return _ceil(end - first, config.schedule.every)
    if cron := _cron(config):
        days = sum(1 for _ in takewhile(lambda run: run < end, _days(cron, first)))
        return days * _runs_of_a_day(cron)
    return int(config.schedule == "@once")


def _cron(config: PipelineConfig) -> str | None:
    text = config.schedule
    if not isinstance(text, str) or text in ("@once", "@continuous"):
        return None
    return PRESETS.get(text, text)


# A line in the defaults changes the schedule of many pipelines.
@lru_cache(maxsize=256)
def _runs_a_year(cron: str, day: dt.date) -> float:
    first, *_, last = islice(_days(cron, day), _COUNTED_DAYS)
    return _runs_of_a_day(cron) * _DAYS_OF_A_YEAR * (_COUNTED_DAYS - 1) / (last - first).days


@lru_cache(maxsize=256)
def _runs_of_a_day(cron: str) -> int:
    """Count the runs of a day that has any."""
    any_day = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - hours on a clock, in no timezone
    times = _times(" ".join((*cron.split()[:2], "* * *")), any_day)
    return sum(1 for _ in takewhile(lambda time: time < any_day + _DAY, times))


def _days(cron: str, first: dt.date) -> Iterator[dt.date]:
    """Give the days that have runs, endlessly."""
    midnights = " ".join(("0 0", *cron.split()[2:]))
    return (time.date() for time in _times(midnights, dt.datetime.combine(first, dt.time())))


def _times(cron: str, start: dt.datetime) -> Iterator[dt.datetime]:
    from croniter import croniter

    times: Iterator[dt.datetime] = croniter(cron, start - dt.timedelta(seconds=1)).all_next(dt.datetime)
    return times


def _ceil(span: dt.timedelta, interval: dt.timedelta) -> int:
    return -(-span // interval)
