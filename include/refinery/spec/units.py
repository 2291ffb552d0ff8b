"""Quantities as people write them: byte sizes such as 500M or 16Gi, durations such as 90s or 6h."""

from __future__ import annotations

import datetime as dt
import re

_BYTES_OF = {
    "Ti": 2**40,
    "T": 10**12,
    "Gi": 2**30,
    "G": 10**9,
    "Mi": 2**20,
    "M": 10**6,
    "Ki": 2**10,
    "k": 10**3,
}
_SIZE = re.compile(r"(?P<number>[1-9][0-9]{0,5})(?P<unit>k|Ki|[MGT]i?)")
_SECONDS_OF = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
# Nine digits of days are longer than any date that Python knows.
_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")


def _anchored(pattern: re.Pattern[str]) -> str:
    """Return a pattern for JSON Schema, which knows no named groups."""
    return f"^{re.sub(r'[?]P<[a-z]+>', '', pattern.pattern)}$"


SIZE_PATTERN = _anchored(_SIZE)
DURATION_PATTERN = _anchored(_DURATION)


def parse_size(text: str) -> int:
    """Read a byte size.

    Raises:
        ValueError: The text is not a byte size; the message says what to write.
    """
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError(
            f'"{text}" is not a byte size; use a whole number and a unit, such as 500M, 50G or 16Gi'
        )
    return int(match["number"]) * _BYTES_OF[match["unit"]]


def format_size(size: int) -> str:
    """Write a byte size in the largest unit that it is a whole number of, so that parse_size reads it back."""
    unit = next((unit for unit, length in _BYTES_OF.items() if size % length == 0), "")
    return f"{size // _BYTES_OF.get(unit, 1)}{unit}"


def parse_duration(text: str) -> dt.timedelta:
    """Read a whole number of seconds, minutes, hours or days.

    Raises:
        ValueError: The text is not a duration; the message says what to write.
    """
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(
            f'"{text}" is not a duration; use a whole number and s, m, h or d, such as 90s, 15m, 6h or 2d'
        )
    return dt.timedelta(seconds=int(match["number"]) * _SECONDS_OF[match["unit"]])


def format_duration(duration: dt.timedelta) -> str:
    """Write a duration in its largest whole unit, so that parse_duration reads it back."""
    seconds = int(duration.total_seconds())
    unit = next(unit for unit, length in _SECONDS_OF.items() if seconds % length == 0 or unit == "s")
    return f"{seconds // _SECONDS_OF[unit]}{unit}"
