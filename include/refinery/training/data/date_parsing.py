"""Read texts as dates in a given format, and find the formats that fit a column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from refinery.spec.date_formats import EPOCHS, ISO8601, digits_only, has_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    Texts = pd.Series[Any]

_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_OFFSET = r"(?:[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
# No references back to a group: Arrow's regular expressions have none.
_YEAR_FIRST = "|".join(rf"[0-9]{{4}}{mark}[0-9]{{1,2}}{mark}[0-9]{{1,2}}" for mark in ("-", "/", r"\."))
_ISO = rf"(?:{_YEAR_FIRST})(?:(?:T|\s+){_CLOCK}\s*{_OFFSET}?)?"
_ENDS_IN_OFFSET = rf".*:[0-9.,]+\s*{_OFFSET}"
_YEAR_MONTH = r"(?:19|20)[0-9]{2}[-/](?:0[1-9]|1[0-2])"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_SHAPES = (
    r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:(?:,?\s|T).*)?",
    _YEAR_MONTH,
    rf"(?i)[a-z]{{0,9}},?\s?(?:[0-9]{{1,2}}[-/. ]?{_MONTH}|{_MONTH} [0-9]{{1,2}})[-/., ]{{0,2}}[0-9]{{2,4}}(?:[, ].*)?",
)
_DATE_BEFORE_MORE = (
    r"^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})(?:,?\s|T)"
)
_NUMERIC = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})(.*)")
_NAMED = re.compile(r"[0-9]{1,2}([-/. ]?)[A-Za-z]{3}\1([0-9]{4}|[0-9]{2})(.*)")
_TIME = re.compile(
    r"(,?\s+|T)[0-9]{1,2}:[0-9]{2}(?:(:[0-9]{2})(?:([.,])[0-9]{1,9})?)?(\s*)([AaPp][Mm])?(\s*)(Z|UTC|GMT|[+-][0-9:]{2,6})?"
)
_YEAR_DIGITS = 4
_TIMES_OF_DAY = (("%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p"), ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f"))
# Enough of a column to see that it does not hold dates.
_SAMPLE = 1000
# The search stops at this many ways of writing a date in one column.
_MOST_FORMS = 4
# From this share of dates on, the rest of a column counts as stray values.
_MOSTLY = 0.9


def parse_dates(texts: Texts, date_format: str) -> pd.Series[Any]:
    """Read texts as dates of one format; those that do not fit are missing in the result.

    Dates with an offset, and counts since 1970, become moments in UTC. In ISO 8601 all rows have an offset, or none.
    """
    import pandas as pd

    if date_format == ISO8601:
        return _in_microseconds(_parse_iso(texts))
    if date_format in EPOCHS:
        counts = pd.to_numeric(texts, errors="coerce")
        unit: Any = EPOCHS[date_format]
        return _in_microseconds(pd.to_datetime(counts, unit=unit, utc=True, errors="coerce"))
    if width := digits_only(date_format):
        # A date written as a number loses a leading zero.
        digits = texts.str.removesuffix(".0").str.zfill(width)
        texts = digits.where(digits.str.fullmatch(rf"[0-9]{{{width}}}"))
    # pandas takes "now" and "today" for dates of any format.
    written = texts.where(texts.str.contains("[0-9]"))
    parsed = pd.to_datetime(written, format=date_format, errors="coerce", utc=has_offset(date_format))
    return _in_microseconds(parsed)


def looks_like_dates(texts: Texts) -> bool:
    """Return whether nearly all texts of a column are dates, whatever the order of day and month."""
    sample = texts.dropna().head(_SAMPLE)
    shaped = _shaped(sample)
    if sample.empty or len(shaped) < _MOSTLY * len(sample):
        return False
    fits = sample.notna() & False
    for _ in range(_MOST_FORMS):
        rest = shaped[~fits[shaped.index]]
        if rest.empty:
            break
        for date_format in (ISO8601, *_candidates(rest.iloc[0])):
            fits[rest.index] |= parse_dates(rest, date_format).notna()
    if not fits.any():
        # After a date and its year there may be text that no format reads, such as CET or p.m.
        dates = shaped.str.extract(_DATE_BEFORE_MORE, expand=False).dropna()
        for date_format in _candidates(dates.iloc[0]) if len(dates) else ():
            fits[dates.index] |= parse_dates(dates, date_format).notna()
    return bool(fits.mean() >= _MOSTLY)


def find_formats(texts: Texts) -> list[str]:
    """Return each format that fits all texts of a column."""
    import pandas as pd

    values = pd.Series(texts.dropna().unique(), dtype="str")
    if values.empty:
        return []
    if parse_dates(values, ISO8601).notna().all():
        return [ISO8601]
    fitting = [each for each in _candidates(values.iloc[0]) if parse_dates(values, each).notna().all()]
    # May is both a short and a long name, and the same month either way.
    return [each for each in fitting if "%B" not in each or each.replace("%B", "%b") not in fitting]


def nearest_formats(texts: Texts) -> list[str]:
    """Return the formats that fit most texts of a column: one, or several that fit equally many."""
    shaped = _shaped(texts.dropna())
    if shaped.empty:
        return []
    counts = {
        each: int(parse_dates(texts, each).notna().sum()) for each in (ISO8601, *_candidates(shaped.iloc[0]))
    }
    most = max(counts.values())
    return [each for each, count in counts.items() if count == most] if most else []


def parse_times_of_day(texts: Texts) -> pd.Series[Any] | None:
    """Read texts such as 9:30 or 9:30 PM, all on one day; None if one of them is anything else."""
    for formats in _TIMES_OF_DAY:
        parsed = parse_dates(texts, formats[0])
        for date_format in formats[1:]:
            parsed = parsed.fillna(parse_dates(texts, date_format))
        if parsed.notna().all():
            return parsed
    return None


def _parse_iso(texts: Texts) -> pd.Series[Any]:
    import pandas as pd

    written = texts.where(texts.str.fullmatch(_ISO))
    with_offset = written.str.fullmatch(_ENDS_IN_OFFSET)
    first = written.first_valid_index()
    aware = first is not None and bool(with_offset.loc[first])
    written = written.where(with_offset == aware)
    parsed = pd.to_datetime(written, format="ISO8601", errors="coerce", utc=aware)
    if rest := written[parsed.isna() & written.notna()].to_dict():
        plain = pd.Series(rest, dtype="str").str.replace(r"\s*(?:UTC|GMT|z)$", "Z", regex=True)
        plain = plain.str.replace(",", ".", regex=False).str.replace(r"\s+", " ", regex=True)
        parsed = parsed.fillna(pd.to_datetime(plain, format="ISO8601", errors="coerce", utc=aware))
    return parsed


def _in_microseconds(dates: pd.Series[Any]) -> pd.Series[Any]:
    """Convert dates to the unit that pandas gives most texts: batches and files must not differ in it."""
    return dates if dates.dt.unit == "ns" else dates.dt.as_unit("us")


def _shaped(texts: Texts) -> Texts:
    fits = texts.str.fullmatch(_SHAPES[0])
    for shape in _SHAPES[1:]:
        fits |= texts.str.fullmatch(shape)
    return texts[fits]


def _candidates(text: str) -> list[str]:
    """Return the formats that a text can be read in."""
    return list(dict.fromkeys([*_of_numbers(text), *_of_digits(text), *_of_month_names(text)]))


def _of_numbers(text: str) -> Iterator[str]:
    if re.fullmatch(_YEAR_MONTH, text):
        yield f"%Y{text[_YEAR_DIGITS]}%m"
    if not (found := _NUMERIC.fullmatch(text)):
        return
    first, mark, _, last, rest = found.groups()
    if (time := _time_format(rest)) is not None:
        yield from (
            mark.join(f"%{part}" for part in order) + time for order in _orders(len(first), len(last))
        )


def _orders(first_digits: int, last_digits: int) -> tuple[str, ...]:
    if first_digits == _YEAR_DIGITS:
        return ("Ymd",)
    if last_digits == _YEAR_DIGITS:
        return ("dmY", "mdY")
    # Of two digits each, even the year may come first.
    return ("dmy", "mdy", "ymd")


def _of_digits(text: str) -> Iterator[str]:
    years = ("18", "19", "20", "21")
    if text.isdigit() and text.startswith(years):
        yield from {4: ("%Y",), 8: ("%Y%m%d",)}.get(len(text), ())


def _of_month_names(text: str) -> Iterator[str]:
    from pandas.tseries.api import guess_datetime_format

    if found := _NAMED.fullmatch(text):
        mark, year, rest = found.groups()
        orders = ("dbY",) if len(year) == _YEAR_DIGITS else ("dby", "ybd")
        if (time := _time_format(rest)) is not None:
            yield from (mark.join(f"%{part}" for part in order) + time for order in orders)
    if not re.search(_MONTH, text, re.IGNORECASE):
        return
    guessed = guess_datetime_format(text) or guess_datetime_format(text.title())
    if guessed and ("%b" in guessed or "%B" in guessed):
        yield from (guessed.replace("%B", "%b"), guessed.replace("%b", "%B"))


def _time_format(rest: str) -> str | None:
    """Return the format of what follows a date: empty for nothing, None for what is not a time of day."""
    if not rest:
        return ""
    if not (found := _TIME.fullmatch(rest)):
        return None
    gap, seconds, mark, blank, half, before_offset, offset = found.groups()
    hour = "%I" if half else "%H"
    parts = [gap, hour, ":%M", ":%S" if seconds else "", f"{mark}%f" if mark else ""]
    if half:
        parts += [blank, "%p"]
    if offset:
        parts += [before_offset or blank, "%Z" if offset in ("UTC", "GMT") else "%z"]
    return re.sub(r"\s+", " ", "".join(parts))
