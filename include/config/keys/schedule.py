"""When a pipeline runs: a cron expression, a preset, an interval, or after other datasets."""

import datetime as dt
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Discriminator, Field, Tag

from include.config.keys.base import Checked, Interval, OneOrMany, Section, refuse
from include.config.keys.urls import PrefixUrl
from include.config.problems import suggest_name

# Pydantic puts these into an error's place; blanks keep them apart from keys.
AS_CRON, AS_EVERY, AS_ASSETS = "as cron", "as interval", "as assets"
PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
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
        return f'"{text}" is no preset{suggest_name(text, PRESETS)}'
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        return _explain_count(text, len(fields))
    from croniter import croniter  # slow to import, and presets do without

    for index, (field, (name, allowed)) in enumerate(zip(fields, _CRON_FIELDS, strict=True)):
        alone = ["*"] * len(_CRON_FIELDS)
        alone[index] = field
        if not croniter.is_valid(" ".join(alone)):
            return f'the {name} "{field}" is not valid ({allowed}, lists, ranges and steps)'
    if not _ever_comes(fields):
        return f'"{text}" names a day that never comes'
    return None


def _ever_comes(fields: list[str]) -> bool:
    """Tell whether some month has the day: croniter takes 31 February, and Airflow's scheduler would fail on it."""
    day, month, weekday = fields[2:]
    if day == "*" or month == "*" or weekday != "*":
        return True
    from croniter import CroniterBadDateError, croniter

    try:
        croniter(
            " ".join(fields), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), max_years_between_matches=8
        ).get_next()
    except CroniterBadDateError:
        return False
    return True


def _explain_count(text: str, count: int) -> str:
    near = get_close_matches(f"@{text.lower()}", PRESETS, n=1)
    if near:
        return f'"{text}" is no cron expression; did you mean "{near[0]}"?'
    return (
        f'"{text}" has {count} fields where a cron expression has 5 (minute, hour, day, month, weekday); '
        'write "0 12 * * *" for every noon, or a preset such as @daily'
    )


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        refuse(f'"{name}" is no timezone; {_suggest_timezone(name)}')


def _suggest_timezone(name: str) -> str:
    zones = sorted(available_timezones())
    same_city = [zone for zone in zones if zone.rpartition("/")[2].casefold() == name.casefold()]
    near = same_city or get_close_matches(name, zones, n=1)
    return f'did you mean "{near[0]}"?' if near else "write its IANA name, as Europe/Paris"


CronText = Annotated[str, Checked(_check_cron, pattern=r"^(@[a-z]+|\S+(\s+\S+){4})$")]
Timezone = Annotated[str, Checked(_check_timezone)]


class EverySchedule(Section):
    """Runs at an interval, counted from the start date."""

    every: Interval = Field(description="The time from one run to the next.", examples=["6h"])


class AssetSchedule(Section):
    """Runs when others have written what it waits for."""

    assets: OneOrMany[PrefixUrl] = Field(
        description="S3 URLs of the assets whose updates start a run.", examples=[["s3://models/churn/"]]
    )
    match: Literal["any", "all"] = Field(
        default="all",
        description="Whether `any` one update starts a run, or only `all` together.",
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
