"""When a pipeline runs: a cron expression, a preset, an interval, or after other datasets."""

import datetime as dt
import re
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Discriminator, Field, Tag

from refinery.config.models.base import Checked, Interval, OneOrMany, Section, refuse
from refinery.config.models.urls import AssetPrefixUrl
from refinery.wording import suggest_name

# Pydantic puts these into an error's place; spaces distinguish them from keys.
AS_CRON, AS_EVERY, AS_ASSETS = "as cron", "as interval", "as assets"
PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
# Airflow's column for a schedule in words. A description is at most about 12 times as long as its expression.
_MAX_DESCRIPTION = 1000
_SURELY_DESCRIBED = 60
_TOO_LONG = (
    f"needs more than {_MAX_DESCRIPTION:,} characters to describe, which Airflow's database cannot store; "
    "use ranges and steps such as 1-5 and */10, or several pipelines"
)
# A croniter extension: another time whenever the config is read.
_RANDOM = re.compile(r"\bR\b", re.IGNORECASE)
_CRON_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of the month", "1-31"),
    ("month", "1-12 or JAN-DEC"),
    ("day of the week", "0-6 or SUN-SAT"),
)


def _check_cron(text: str) -> None:
    if error := _find_cron_error(text):
        refuse(error)


# A thousand pipelines share a few schedules, and each check costs as much as reading a config.
@lru_cache(maxsize=1024)
def _find_cron_error(text: str) -> str | None:
    if text in PRESETS:
        return None
    if text.startswith("@"):
        return f'"{text}" is not a preset{suggest_name(text, PRESETS)}'
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        return _explain_count(text, len(fields))
    from croniter import croniter  # slow to import, and presets do without

    for index, (field, (name, allowed)) in enumerate(zip(fields, _CRON_FIELDS, strict=True)):
        alone = ["*"] * len(_CRON_FIELDS)
        alone[index] = field
        if _RANDOM.search(field) or not croniter.is_valid(" ".join(alone)):
            return f'the {name} "{field}" is not valid ({allowed}, lists, ranges and steps)'
    if reason := _find_impossible_day(fields):
        return f'"{text}" {reason}'
    is_too_long = len(text) > _SURELY_DESCRIBED and len(_describe(fields)) > _MAX_DESCRIPTION
    return _TOO_LONG if is_too_long else None


def _find_impossible_day(fields: list[str]) -> str | None:
    """Return why the schedule never runs: croniter accepts 31 February, on which Airflow's scheduler would fail."""
    day, weekday = fields[2], fields[4]
    if day == weekday == "*":
        return None
    from croniter import CroniterError, croniter

    today = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    moments = croniter(" ".join(fields), today, max_years_between_matches=8)
    try:
        moments.get_next()
        moments.set_current(today)
        moments.get_prev()
    except (CroniterError, ValueError):
        if "*" in (day, weekday):
            return "never runs, since no such day exists; correct the day or the month"
        return "combines days of the month and of the week in a way that Airflow cannot schedule; keep one of the two"
    return None


def _describe(fields: list[str]) -> str:
    """Describe a schedule as Airflow does: if it restricts both day and weekday, as two schedules joined by "or"."""
    # Comes with Airflow, as croniter does.
    from cron_descriptor import FormatException, MissingFieldException, Options, get_description

    options = Options()
    options.use_24hour_time_format = True
    minute, hour, day, month, weekday = fields
    both = [[minute, hour, day, month, "*"], [minute, hour, "*", month, weekday]]
    parts = both if day != "*" and weekday != "*" else [fields]
    try:
        return " (or) ".join(get_description(" ".join(part), options) for part in parts)
    except (FormatException, MissingFieldException):
        return ""  # the same as in Airflow


def _explain_count(text: str, count: int) -> str:
    near = get_close_matches(f"@{text.lower()}", PRESETS, n=1)
    if near:
        return f'"{text}" is not a cron expression; did you mean "{near[0]}"?'
    return (
        f'"{text}" has {count} fields, but a cron expression has 5 (minute, hour, day, month, weekday); '
        'write one such as "0 12 * * *" for every day at noon, or a preset such as @daily'
    )


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        refuse(f'"{name}" is not a timezone; {_suggest_timezone(name)}')


def _suggest_timezone(name: str) -> str:
    zones = sorted(available_timezones())
    same_city = [zone for zone in zones if zone.rpartition("/")[2].casefold() == name.casefold()]
    near = same_city or get_close_matches(name, zones, n=1)
    return f'did you mean "{near[0]}"?' if near else "write an IANA name such as Europe/Paris"


CronText = Annotated[str, Checked(_check_cron, pattern=r"^(@[a-z]+|\S+(\s+\S+){4})$")]
Timezone = Annotated[str, Checked(_check_timezone)]


class EverySchedule(Section):
    """Runs at an interval, counted from the start date."""

    every: Interval = Field(description="The time between two runs.", examples=["6h"])


class AssetSchedule(Section):
    """Runs when other pipelines have updated the assets."""

    assets: OneOrMany[AssetPrefixUrl] = Field(
        description="S3 URLs of the assets whose updates start a run.", examples=[["s3://models/churn/"]]
    )
    match: Literal["any", "all"] = Field(
        default="all",
        description="Whether `any` single update starts a run, or only updates of `all` of them.",
        examples=["any"],
    )


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return AS_CRON
    if isinstance(value, dict):
        return AS_ASSETS if value.keys() & {"assets", "match"} else AS_EVERY
    if isinstance(value, EverySchedule):
        return AS_EVERY
    return AS_ASSETS if isinstance(value, AssetSchedule) else None


Schedule = Annotated[
    Annotated[CronText, Tag(AS_CRON)]
    | Annotated[EverySchedule, Tag(AS_EVERY)]
    | Annotated[AssetSchedule, Tag(AS_ASSETS)],
    Discriminator(
        _kind,
        custom_error_type="schedule_kind",
        custom_error_message="expected a cron expression, a preset, every or assets",
    ),
]
