"""Decide once, while reading, which columns hold dates and in which format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from refinery.spec.date_formats import EPOCHS, ISO8601, format_problem
from refinery.training.data.date_parsing import (
    find_formats,
    looks_like_dates,
    nearest_formats,
    parse_dates,
    parse_times_of_day,
)
from refinery.training.data.number_form import plain_text
from refinery.training.errors import DatasetError, DateFormatError, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions

_PLAIN_KEY = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
# Whole numbers of day, month and year, in this order or with the month first: their order is not that of time.
_DAY_OR_MONTH_FIRST = ("%d%m%Y", "%m%d%Y")
_SHORT_DIGITS = 6
_SHORTER = ("%m%Y", "%d%m%y", "%m%d%y")
_PARTS = {"d": "day", "m": "month", "b": "month", "B": "month", "y": "year", "Y": "year"}
_PLAUSIBLE_YEARS = (1900, 2100)
# Enough to see that most texts are not dates without looking at all of them.
_FIRST_VALUES = 10_000


def read_dates(
    table: pd.DataFrame,
    options: SourceOptions,
    parts: Sequence[tuple[Path, int]],
    *,
    rows_before: int = 0,
    infer: bool = True,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read date columns: those that `source.dates` names and, among the others, texts that can mean one date only.

    Args:
        table: All rows, with the types that the file or `source.dtypes` gives them.
        options: The source's options.
        parts: The files that the rows come from, each with how many rows it gave.
        rows_before: How many rows of the first file came before.
        infer: Whether to read dates that are not declared; a batch says nothing about other rows.

    Returns:
        The table, and the format of each column that was read.

    Raises:
        DateFormatError: A value does not fit its column's format.
        DatasetError: The format of a column named without one is ambiguous.
    """
    formats = options.dates if isinstance(options.dates, Mapping) else {}
    read: dict[str, str] = {}
    columns: dict[str, pd.Series[Any]] = {}
    for name in table.columns:
        declared = name in options.dates
        if not declared and (not infer or name in options.dtypes):
            continue
        column = table[name]
        if column.dtype.kind == "M":
            continue
        if declared:
            read[name] = formats.get(name) or _tell_format(parts[0][0], column)
            columns[name] = _parse(column, read[name], parts, rows_before)
        elif (found := _infer_format(column)) is not None:
            read[name] = found
            columns[name] = _parse(column, found, parts, rows_before)
    return (table.assign(**columns) if columns else table), read


def check_dates(path: Path, table: pd.DataFrame, columns: Iterable[str], options: SourceOptions) -> None:
    """Check that no feature holds dates that were left as text because they are ambiguous.

    Raises:
        DatasetError: One does, and `source.dtypes` does not say that it is text.
    """
    for name in columns:
        if name not in options.dtypes and (texts := _unclear_texts(table[name])) is not None:
            raise _unclear(
                path, name, texts, f", or keep them as text with source.dtypes: {_entry(name, 'str')}"
            )


def explain_unclear(column: pd.Series[Any]) -> str | None:
    """Return why a column left as text may hold dates, and what to write to read them; None for any other column."""
    if (texts := _unclear_texts(column)) is None:
        return None
    if not (formats := find_formats(texts)):
        return "its dates are not in one format; to learn from it, correct them in the dataset and remove this line"
    ways = " or ".join(format_entry(str(column.name), each) for each in formats)
    return f"may be dates in several formats; to learn from it, remove this line and write {ways}"


def time_keys(times: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return values that sort like a column's times; None if their order is ambiguous.

    Args:
        times: The column, without missing values.
    """
    column = times.reset_index(drop=True)
    if column.dtype == "category":
        column = column.astype(column.cat.categories.dtype)
    if column.dtype.kind == "M":
        moments: pd.Series[Any] = column if column.dt.tz is None else column.dt.tz_convert(None)
        return moments
    if column.dtype.kind == "m":
        return column
    if (texts := _as_texts(column)) is None:
        return column if column.dtype.kind in "iufb" else None
    if texts.str.fullmatch(r"[+-]?[0-9]+(?:\.0)?").all():
        return _number_keys(column if column.dtype.kind in "iuf" else texts.astype("float64"), texts)
    if column.dtype.kind in "iuf":
        return column
    formats = find_formats(texts)
    return parse_dates(texts, formats[0]) if len(formats) == 1 else parse_times_of_day(texts)


def _unclear_texts(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return the texts of a column that look like dates and were not read as such."""
    if not _is_text(column) or (texts := _as_texts(column)) is None:
        return None
    return texts if looks_like_dates(texts) else None


def _is_text(column: pd.Series[Any]) -> bool:
    # A file that declares a column's categories means it.
    return column.dtype.kind == "O" and column.dtype != "category"


def format_entry(name: str, date_format: str = "%d/%m/%Y") -> str:
    """Return what to write below `source` to say in which format a column's dates are."""
    return f"source.dates: {_entry(name, date_format)}"


def possible_formats(column: pd.Series[Any]) -> list[str]:
    """Return each format that fits all dates of a column of texts or whole numbers."""
    if (texts := _as_texts(column)) is None:
        return []
    return find_formats(texts) + _formats_before_year(texts)


def _number_keys(numbers: pd.Series[Any], texts: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return the numbers, such as years or counts, unless they start with days and months."""
    return None if _formats_before_year(texts) else numbers


def _formats_before_year(texts: pd.Series[Any]) -> list[str]:
    """Return the formats with the day or the month first in which whole numbers may be dates."""
    plausible = [each for each in _DAY_OR_MONTH_FIRST if _all_plausible(texts, each)]
    # Consecutive numbers of five or six digits may all be dates, but only of one day or month.
    first = texts.str.removesuffix(".0").str.zfill(_SHORT_DIGITS).str.slice(stop=2)
    shorter = _SHORTER if len(first.unique()) > 1 else ()
    return plausible + [each for each in shorter if _all_plausible(texts, each)]


def _all_plausible(texts: pd.Series[Any], date_format: str) -> bool:
    return bool(parse_dates(texts, date_format).dt.year.between(*_PLAUSIBLE_YEARS).all())


def _as_texts(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return the texts of a column that holds texts or whole numbers, without outer blanks; None for any other column."""
    column = column.reset_index(drop=True)
    if column.dtype == "category":
        column = column.astype(column.cat.categories.dtype)
    if column.dtype.kind in "iuf":
        whole = column.dropna() % 1 == 0
        return column.astype("Int64").astype("str").where(column.notna()) if whole.all() else None
    if column.dtype.kind != "O":
        return None
    if column.dtype != "str" and not column.dropna().map(lambda value: isinstance(value, str)).all():
        return None
    texts: pd.Series[Any] = column.astype("str").str.strip()
    if not texts.dropna().map(str.isascii).all():
        # Blanks and digits of other scripts count as ASCII here, as in numbers.
        texts = texts.map(plain_text, na_action="ignore").str.strip()
    return texts.mask(texts == "")


def _infer_format(column: pd.Series[Any]) -> str | None:
    """Return the format of texts that can mean one date each; None where they mean several, or something else."""
    first = _as_texts(column.dropna().head(_FIRST_VALUES)) if _is_text(column) else None
    if first is None or not looks_like_dates(first) or (texts := _as_texts(column)) is None:
        return None
    formats = find_formats(texts)
    return formats[0] if len(formats) == 1 else None


def _tell_format(path: Path, column: pd.Series[Any]) -> str:
    """Return the one format that fits a column that `source.dates` names without one."""
    name, texts = str(column.name), _as_texts(column)
    if texts is not None and texts.isna().all():
        return ISO8601
    formats = find_formats(texts) if texts is not None else []
    if len(formats) == 1:
        return formats[0]
    if texts is None:
        first = column.dropna().iloc[0]
        problem = (
            f'source.dates: the column "{name}" holds values such as "{str(first)[:40]}", which are not dates'
        )
        raise unreadable(path, f"{problem}; take it out of source.dates")
    raise _unclear(path, name, texts, ", or take it out of source.dates")


def _unclear(path: Path, name: str, texts: pd.Series[Any], other: str = "") -> DatasetError:
    """Return the error for a column with an ambiguous format, with the formats that it may have."""
    formats = find_formats(texts)
    if len(formats) > 1:
        example = texts.dropna().iloc[0]
        ways = " or ".join(f"source.dates: {_entry(name, each)}" for each in formats)
        problem = (
            f'the column "{name}" holds dates such as "{example}", in which {_what_may_be_first(formats)}'
        )
        return unreadable(path, f"{problem}; write {ways}{other}.")
    if not (nearest := nearest_formats(texts)):
        named = f"source.dates: {_entry(name, '%Y%m%d')}, {_entry(name, next(iter(EPOCHS)))} or the like"
        problem = f'the column "{name}" holds values such as "{str(texts.dropna().iloc[0])[:40]}", whose format is ambiguous'
        return unreadable(path, f"{problem}; write it, such as {named}{other}.")
    mismatches = parse_dates(texts, nearest[0]).isna() & texts.notna()
    row = int(mismatches.to_numpy().argmax())
    problem = f'the column "{name}" holds dates such as "{texts[~mismatches].dropna().iloc[0]}", but row {row + 1} holds "{texts[row][:40]}"'
    if nearest[0] == ISO8601 and parse_dates(texts[[row]], ISO8601).notna().all():
        return unreadable(path, f"{problem}; write an offset in all rows or in none{other}.")
    return unreadable(path, f"{problem}; write all dates in one format in the dataset{other}.")


def _what_may_be_first(formats: Sequence[str]) -> str:
    first, *others = dict.fromkeys(_PARTS[each[1]] for each in formats)
    return f"the {first} may come first or the {' or the '.join(others)}"


def _parse(
    column: pd.Series[Any], date_format: str, parts: Sequence[tuple[Path, int]], rows_before: int
) -> pd.Series[Any]:
    name = str(column.name)
    if problem := format_problem(date_format):
        raise unreadable(parts[0][0], f"source.dates: {problem}")
    if date_format in EPOCHS and column.dtype.kind in "iuf":
        texts: pd.Series[Any] | None = column.reset_index(drop=True)
    else:
        texts = _as_texts(column)
    if texts is None:
        texts = column.astype("str").where(column.notna()).reset_index(drop=True)
    parsed = parse_dates(texts, date_format)
    mismatches = parsed.isna() & texts.notna()
    if mismatches.any():
        position = int(mismatches.to_numpy().argmax())
        path, row = _find_row(parts, position)
        raise DateFormatError(
            path,
            row=rows_before + row,
            column=name,
            value=str(column.iloc[position]),
            date_format=date_format,
        )
    return parsed.set_axis(column.index)


def _find_row(parts: Sequence[tuple[Path, int]], position: int) -> tuple[Path, int]:
    """Return the file and the row in it, from 1, of a row of the whole table."""
    for path, rows in parts:
        if position < rows:
            return path, position + 1
        position -= rows
    return parts[-1][0], position + 1


def _entry(name: str, value: str) -> str:
    """Write one entry of a mapping as YAML that can be copied."""
    key = name if _PLAIN_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    return f"{{{key}: {json.dumps(value) if '%' in value else value}}}"
