"""When a pipeline runs, in words, and when it runs next."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.config.durations import format_duration
from include.config.keys.schedule import AssetSchedule, EverySchedule

if TYPE_CHECKING:
    from include.config import PipelineConfig

LAST_SECOND = time(23, 59, 59)  # of the last day that may have a run
# What Airflow's presets stand for.
_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


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
    if not isinstance(config.schedule, str) or config.schedule in ("@once", "@continuous"):
        return None
    from croniter import croniter

    zone = ZoneInfo(config.timezone)
    # A run that is due at the first moment itself is not left out.
    first = datetime.combine(config.start_date, time(), zone) - timedelta(seconds=1)
    moments = croniter(_PRESETS.get(config.schedule, config.schedule), max(now.astimezone(zone), first))
    found: datetime = moments.get_next(datetime)
    if config.end_date and found > datetime.combine(config.end_date, LAST_SECOND, zone):
        return None
    return found.astimezone(UTC)
