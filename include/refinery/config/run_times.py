"""When a pipeline runs: in words, and as points in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, islice
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from refinery.config.models.schedule import AssetSchedule, EverySchedule
from refinery.spec.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config import PipelineConfig
    from refinery.config.models.schedule import Schedule

LAST_SECOND = time(23, 59, 59)  # of the last day that may have a run
# No clock is set back by more. From before it on, runs follow each other as they do in Airflow.
_LONGEST_REPEAT = timedelta(hours=3)
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
    """The settings of a config that decide when a pipeline runs."""

    @property
    def schedule(self) -> Schedule | None:
        """A cron expression, a preset, an interval or assets."""

    @property
    def timezone(self) -> str:
        """The timezone of schedule and dates."""

    @property
    def start_date(self) -> date:
        """The first day that may have a run."""

    @property
    def end_date(self) -> date | None:
        """The last day that may have a run."""

    @property
    def catchup(self) -> bool:
        """Whether past runs are backfilled."""


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """The values of a `Clock` alone: runs of equal ones are equal."""

    schedule: Schedule | None
    timezone: str
    start_date: date
    end_date: date | None
    catchup: bool

    @classmethod
    def of(cls, config: Clock) -> ClockSettings:
        """Take them from a config."""
        return cls(config.schedule, config.timezone, config.start_date, config.end_date, config.catchup)


def describe_schedule(config: PipelineConfig) -> str:
    """Return in a few words when a pipeline runs."""
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
    """Return a pipeline's next scheduled run in UTC; None if its schedule follows no clock or has ended.

    Args:
        config: The pipeline's config.
        now: A time with a timezone.
    """
    return next(iter(first_runs(ClockSettings.of(config), now, 1)), None)


@lru_cache(maxsize=1024)
def first_runs(clock: ClockSettings, moment: datetime, number: int) -> tuple[datetime, ...]:
    """Return the first runs of `runs_after`; cached, since a thousand pipelines share a few schedules."""
    return tuple(islice(runs_after(clock, moment), number))


def runs_after(config: Clock, moment: datetime) -> Iterator[datetime]:
    """Yield the scheduled runs in UTC; none for schedules that wait for something else.

    An interval counts from the previous run, so its runs are known only if they begin at the start date (`catchup`).

    Args:
        config: The pipeline's config.
        moment: A time with a timezone; a run at exactly that time is left out.
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
        cron = _Cron(PRESETS.get(config.schedule, config.schedule), ZoneInfo(config.timezone))
        yield from (run for run in cron.runs(first.astimezone(UTC), after) if run > after)


class _Cron:
    """The runs of a cron expression in a timezone, clock changes included, as Airflow's CronTriggerTimetable counts them.

    Each run follows from the one before it. A time that comes twice counts the second time, and one that is skipped is moved on by
    as much; an expression for every hour goes on by time that passes instead, so that it runs in both hours.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        from croniter import croniter

        self._expression = expression
        self._zone = zone
        self._is_hourly = croniter(expression).expanded[1] == ["*"]

    def runs(self, first: datetime, after: datetime) -> Iterator[datetime]:
        """Yield the runs from a little before a moment on, in UTC, none of them before the first moment that may have one."""
        before = self._on_clock(self._nominal(after - _LONGEST_REPEAT, is_next=False))
        run = self._next(before) if before >= first else self._align(first)
        while True:
            yield run
            run = self._next(run)

    def _next(self, run: datetime) -> datetime:
        nominal = self._nominal(run, is_next=True)
        return run + (nominal - self._naive(run)) if self._is_hourly else self._on_clock(nominal)

    def _align(self, moment: datetime) -> datetime:
        """Return a moment itself if it is a run, else the next one."""
        run = self._next(moment)
        nominal = self._nominal(run, is_next=False)
        passed = self._naive(run) - nominal
        return moment if (run - passed if self._is_hourly else self._on_clock(nominal)) == moment else run

    def _nominal(self, moment: datetime, *, is_next: bool) -> datetime:
        """Return the next or the last run's time on the wall, whose timezone croniter must not know."""
        from croniter import croniter

        times = croniter(self._expression, self._naive(moment))
        found: datetime = times.get_next(datetime) if is_next else times.get_prev(datetime)
        return found

    def _naive(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def _on_clock(self, wall: datetime) -> datetime:
        second = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        is_skipped = self._naive(second) != wall
        return wall.replace(tzinfo=self._zone, fold=0).astimezone(UTC) if is_skipped else second
