"""The formats in which a config declares a column's dates."""

from __future__ import annotations

import re

# The year first, then month and day; a time of day, a fraction and an offset may follow, and differ from row to row.
ISO8601 = "ISO8601"
# Numbers that count from 1970-01-01 00:00 UTC, each with pandas' name of the unit.
EPOCHS = {"epoch_s": "s", "epoch_ms": "ms", "epoch_us": "us", "epoch_ns": "ns"}
# The number of digits of each directive, for formats without separators.
_WIDTHS = {"Y": 4, "j": 3, "m": 2, "d": 2, "y": 2, "H": 2, "I": 2, "M": 2, "S": 2}
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_KNOWN = "YymdjBbAaHIMSfpzZGVu"
_NAMED = f'"{ISO8601}", {", ".join(EPOCHS)}'
_ADVICE = f'write strptime directives such as "%d/%m/%Y" or "%Y%m%d", or one of {_NAMED}'


def format_problem(date_format: str) -> str | None:
    """Return why a text cannot be the format of a column's dates, or None if it can."""
    if date_format == ISO8601 or date_format in EPOCHS:
        return None
    letters = _DIRECTIVE.findall(date_format.replace("%%", ""))
    if not letters:
        return f'"{date_format}" is not a date format; {_ADVICE}'
    if unknown := [letter for letter in letters if not letter or letter not in _KNOWN]:
        return f'"{date_format}": "%{unknown[0]}" is not a date directive; {_ADVICE}'
    if repeated := [letter for letter in letters if letters.count(letter) > 1]:
        return f'"{date_format}" has "%{repeated[0]}" twice{_minutes(repeated[0])}'
    return _misread(date_format, set(letters))


def digits_only(date_format: str) -> int | None:
    """Return the number of digits of dates in a format without separators, or None if it has separators."""
    letters = _DIRECTIVE.findall(date_format)
    if len(letters) * 2 != len(date_format) or not all(letter in _WIDTHS for letter in letters):
        return None
    return sum(_WIDTHS[letter] for letter in letters)


def has_offset(date_format: str) -> bool:
    """Return whether dates of this format are points in time, independent of a timezone."""
    return date_format in EPOCHS or not {"z", "Z"}.isdisjoint(_DIRECTIVE.findall(date_format))


def may_be_iso(date_format: str) -> bool:
    """Return whether rows that do not fit this format may be read as ISO 8601 instead.

    Only whole dates may, and only if the format cannot read the same text: a format with the year first, then the day, can.
    """
    letters = set(_DIRECTIVE.findall(date_format))
    is_date = not letters.isdisjoint("Yy") and not letters.isdisjoint("mbB") and "d" in letters
    return is_date and (not date_format.startswith("%Y") or digits_only(date_format) is not None)


def _misread(date_format: str, letters: set[str]) -> str | None:
    """Return what strptime would silently misread, or None."""
    if "p" in letters and "I" not in letters:
        return f'"{date_format}" has "%p" (AM or PM) without "%I"; use "%I" for the hour'
    if "I" in letters and "p" not in letters:
        return (
            f'"{date_format}" has "%I", an hour from 1 to 12, without "%p" (AM or PM); use "%H" for 0 to 23'
        )
    if "M" in letters and letters.isdisjoint("HI"):
        return f'"{date_format}" has "%M" (minutes) without an hour; use "%m" for the month'
    if "m" not in letters and "d" in letters and letters.isdisjoint("bB"):
        return f'"{date_format}" has "%d" (day) without a month; add "%m" or, for a name, "%b" or "%B"'
    return None


def _minutes(letter: str) -> str:
    return '; use "%M" for minutes' if letter == "m" else ""
