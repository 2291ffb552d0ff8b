"""Durations as people write them: 90s, 15m, 6h, 2d."""

from __future__ import annotations

import datetime as dt
import re

_SECONDS_OF = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
# Nine digits of days are longer than any date that Python knows.
_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")
DURATION_PATTERN = rf"^{_DURATION.pattern.replace('?P<number>', '').replace('?P<unit>', '')}$"


class InvalidDurationError(ValueError):
    """A text that is no duration."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'"{text}" is no duration; write a whole number and s, m, h or d, as 90s, 15m, 6h or 2d'
        )


def parse_duration(text: str) -> dt.timedelta:
    """Read a whole number of seconds, minutes, hours or days.

    Raises:
        InvalidDurationError: It is written otherwise.
    """
    match = _DURATION.fullmatch(text)
    if not match:
        raise InvalidDurationError(text)
    return dt.timedelta(seconds=int(match["number"]) * _SECONDS_OF[match["unit"]])


def format_duration(duration: dt.timedelta) -> str:
    """Write a duration in its largest whole unit, so that parse_duration reads it back."""
    seconds = int(duration.total_seconds())
    unit = next(unit for unit, length in _SECONDS_OF.items() if seconds % length == 0 or unit == "s")
    return f"{seconds // _SECONDS_OF[unit]}{unit}"
