"""When a pipeline runs: in words, and the moments by the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from include.config.durations import format_duration
from include.config.keys.schedule import AssetSchedule, EverySchedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config import PipelineConfig
    from include.config.keys.schedule import Schedule

LAST_SECOND = time(23, 59, 59)  # of the last day that may have a run
# What Airflow's presets stand for.
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


class Clock(Protocol):
    """What decides when a pipeline runs, as its config has it."""

    @property
    def schedule(self) -> Schedule | None:
        """A cron expression, a preset, an interval or assets."""

    @property
    def timezone(self) -> str:
        """The timezone of the others."""

    @property
    def start_date(self) -> date:
        """The first day that may have a run."""

    @property
    def end_date(self) -> date | None:
        """The last one."""

    @property
    def catchup(self) -> bool:
        """Whether past runs are made up for."""


def describe_schedule(config: PipelineConfig) -> str:
    """Say in a few words when a pipeline runs."""
    match config.schedule:
        case None:
            return "when triggered"
        case EverySchedule(every=interval):
            return f"every {format_duration(interval)}"
        case AssetSchedule(assets=(asset,)):
            return f"after {asset}"
        case AssetSchedule(assets=assets, match=match):
            return f"after {match} of {len(assets)} assets"
        case text:
            return text if config.timezone == "UTC" else f"{text} {config.timezone}"


def find_next_run(config: PipelineConfig, now: datetime) -> datetime | None:
    """Return a pipeline's next run by the clock, in UTC; None where no clock tells it, or where none comes any more.

    Args:
        config: The pipeline's config.
        now: A moment with a timezone.
    """
    return next(runs_after(config, now), None)


def runs_after(config: Clock, moment: datetime) -> Iterator[datetime]:
    """Yield the runs that the clock tells, in UTC; none of schedules that wait for something else.

    An interval is counted from the run before it, so that only those that begin at the start date (`catchup`) are told.

    Args:
        config: The pipeline's config.
        moment: A moment with a timezone; a run at that very moment is left out.
    """
    zone = ZoneInfo(config.timezone)
    first = datetime.combine(config.start_date, time(), zone)
    last = datetime.combine(config.end_date, LAST_SECOND, zone) if config.end_date else None
    for found in _moments(config, first, moment):
        if last and found > last:
            return
        yield found.astimezone(UTC)


def _moments(config: Clock, first: datetime, after: datetime) -> Iterator[datetime]:
    if isinstance(config.schedule, EverySchedule) and config.catchup:
        interval, begin = config.schedule.every, first.astimezone(UTC)
        passed = max(0, (after - begin) // interval + 1)
        yield from (begin + number * interval for number in count(passed))
    elif isinstance(config.schedule, str) and config.schedule not in ("@once", "@continuous"):
        from croniter import croniter

        # A run that is due at the first moment itself is not left out.
        start = max(after.astimezone(first.tzinfo), first - timedelta(seconds=1))
        yield from croniter(PRESETS.get(config.schedule, config.schedule), start).all_next(datetime)
