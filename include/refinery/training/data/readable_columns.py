"""Find the columns of a file that can be read, where one of them keeps the whole file from being read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from refinery.training.data.formats import find_format, find_separator
from refinery.training.data.probe import read_head
from refinery.training.data.read import list_files, read_dataset
from refinery.training.data.text_layout import split_rows
from refinery.training.data.typed_files import read_json_lines
from refinery.training.errors import DatasetError, SourceOptionError
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from refinery.spec.source_options import SourceOptions

# Rows of JSON that show the names.
_ROWS = 200
# With more of them, it is the file that cannot be read.
_MOST_UNREADABLE = 5
# What reading a file raises: our own errors, and those of pandas and PyArrow.
READING_ERRORS = (DatasetError, ValueError, TypeError, LookupError, NotImplementedError)


class _FileError(Exception):
    """More than a few columns cannot be read."""


def leave_out_unreadable(
    path: Path, options: SourceOptions, rows: int | None
) -> tuple[SourceOptions, dict[str, str]] | None:
    """Return the options that read the other columns, and why each that is left out cannot be read.

    Args:
        path: The file or folder.
        options: The options that do not read it.
        rows: How many first rows to read.

    Returns:
        None where it is not a few columns that cannot be read.
    """
    try:
        names = _column_names(path, options)
    except READING_ERRORS:
        return None
    reasons = {name: "more than one column has this name" for name, count in names.items() if count > 1}
    unique = [name for name in names if name not in reasons]
    try:
        _find_unreadable(path, options, rows, unique, reasons)
    except _FileError:
        return None
    readable = [name for name in unique if name not in reasons]
    enough = len(readable) > 1 and reasons  # a target needs a feature
    return (_with_columns(options, readable), reasons) if enough else None


def _column_names(path: Path, options: SourceOptions) -> Counter[str]:
    """Count the names of the columns that are to be read; none where names cannot choose among them."""
    head = read_head(list_files(path)[0])
    file_format = find_format(head, options)
    names: list[str]
    if options.header is False:
        return Counter()
    if file_format == "parquet":
        from pyarrow.parquet import read_schema

        names = read_schema(head.path).names
    elif file_format == "jsonl":
        names = list(read_json_lines(head, options, _ROWS).columns)
    else:
        separator = find_separator(file_format, options)
        names = list(
            split_rows(head.text(options.encoding), separator, options.quote, complete=head.complete)[0]
        )
    return Counter(name for name in names if name and (options.columns is None or name in options.columns))


def _find_unreadable(
    path: Path, options: SourceOptions, rows: int | None, names: Sequence[str], reasons: dict[str, str]
) -> None:
    """Add the columns that cannot be read, which halving finds among thousands."""
    try:
        if names:
            read_dataset(path, _with_columns(options, names), rows=rows)
    except SourceOptionError:
        return  # the whole file needs another option
    except READING_ERRORS as error:
        if len(names) == 1:
            reasons[names[0]] = f"it cannot be read ({_describe(error, path)})"
            if len(reasons) > _MOST_UNREADABLE:
                raise _FileError from error
            return
        middle = len(names) // 2
        for half in (names[:middle], names[middle:]):
            _find_unreadable(path, options, rows, half, reasons)


def _describe(error: Exception, path: Path) -> str:
    if isinstance(error, DatasetError):
        return str(error).removeprefix(f"{path.name}: ")
    return f"{type(error).__name__}: {error}"


def _with_columns(options: SourceOptions, names: Sequence[str]) -> SourceOptions:
    """Return the options for these columns only."""
    kept = set(names)
    dates: Any = options.dates
    if isinstance(dates, tuple):
        dates = tuple(name for name in dates if name in kept)
    else:
        dates = {name: value for name, value in dates.items() if name in kept}
    return replace(
        options,
        columns=tuple(names),
        dates=dates,
        dtypes={name: value for name, value in options.dtypes.items() if name in kept},
        numbers={name: value for name, value in options.numbers.items() if name in kept},
    )


def describe_left_out(reasons: dict[str, str]) -> list[str]:
    """Return a note on each column that is left out."""
    return [f"the column {quoted(name)} is left out (columns): {reason}" for name, reason in reasons.items()]
