"""Check that a text table is laid out as its options say, where pandas would continue silently."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.training.data.quotes import BLANKS, NO_QUOTE, check_quotes, is_number, quoting
from refinery.training.errors import SourceOptionError, empty, unreadable
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from refinery.spec.source_options import SourceOptions
    from refinery.training.data.probe import DatasetHead

_SPOKEN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", BLANKS: "blanks"}
# Enough to check a layout; more only costs time.
_ROWS = 200
_NO_NAMES = {"", "?"}
_LINE_BREAK = re.compile("[\r\n]")


@dataclass(frozen=True, slots=True)
class TextLayout:
    """A text table's columns and first rows.

    Attributes:
        names: The columns' names; "" where the header leaves one out.
        rows: The first rows, as text.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def check_layout(
    path: Path, text: str, options: SourceOptions, separator: str, *, complete: bool
) -> TextLayout:
    """Read the first rows strictly.

    Args:
        path: The file, for messages.
        text: Its beginning.
        options: How it is said to be laid out.
        separator: The separator of its values.
        complete: Whether the text is the whole file.

    Raises:
        DatasetError: There are no rows, or the rows are ragged, or columns have the same name.
        SourceOptionError: An option is wrong or must be set.
    """
    rows = split_rows(text, separator, options.quote, complete=complete)
    if not rows:
        raise empty(path, "the file holds no rows")
    _check_quotes(path, rows, text, options, separator, complete=complete)
    _check_widths(path, rows, text, options, separator, complete=complete)
    if options.header is False:
        return TextLayout(_given_names(path, rows, options), tuple(rows))
    names, rows = rows[0], rows[1:]
    if options.header is None:
        _check_header(path, names, rows)
    _check_duplicates(path, names, options.columns)
    return TextLayout(names, tuple(rows))


def check_row_ends(head: DatasetHead, width: int, options: SourceOptions, separator: str) -> None:
    """Check that no row of the file ends early: pandas would fill it with missing values.

    Raises:
        DatasetError: One does.
    """
    if separator == BLANKS:
        return
    with head.open_text(options.encoding) as text:
        for number, row in enumerate(
            csv.reader(text, delimiter=separator, **quoting(options.quote)), start=1
        ):
            if len(row) < width and any(row):
                raise unreadable(
                    head.path,
                    f"row {number} ends after {len(row)} of {width} values; the file may be cut short",
                )


def split_rows(text: str, separator: str, quote: str, *, complete: bool) -> list[tuple[str, ...]]:
    """Split a text's first rows into values, without blank rows and a last row that may be cut."""
    if separator == BLANKS:
        lines = zip(io.StringIO(text, newline=""), range(_ROWS + 1), strict=False)
        rows = [_split_at_blanks(line, quote) for line, _ in lines]
    else:
        rows = []
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, **quoting(quote))
        # A value beyond the limit ends them: its quotes may not be what they seem.
        with contextlib.suppress(csv.Error):
            rows.extend(tuple(row) for row, _ in zip(reader, range(_ROWS + 1), strict=False))
    if not complete and len(rows) <= _ROWS and len(rows) > 1:
        rows.pop()
    return [row for row in rows if any(value.strip() for value in row)]


def consistent_separators(text: str, quote: str, *, complete: bool) -> list[str]:
    """Return the separators that split each of the first rows into the same number of values, most values first."""
    widths = {}
    for separator in _SPOKEN:
        rows = split_rows(text, separator, quote, complete=complete)
        if separator == BLANKS and not all(any(map(is_number, row)) for row in rows[1:]):
            continue  # words of a sentence
        counts = {len(row) for row in rows}
        if len(counts) == 1 and (width := counts.pop()) > 1:
            widths[separator] = width
    return sorted(widths, key=lambda separator: (separator == BLANKS, -widths[separator]))


def _split_at_blanks(line: str, quote: str) -> tuple[str, ...]:
    if quote == NO_QUOTE:
        return tuple(line.split())
    q = re.escape(quote)
    values = re.finditer(rf"{q}(?P<quoted>(?:[^{q}]|{q}{q})*){q}(?=\s|$)|(?P<plain>\S+)", line)
    return tuple(
        value["plain"] if value["quoted"] is None else value["quoted"].replace(quote * 2, quote)
        for value in values
    )


def _check_quotes(
    path: Path,
    rows: list[tuple[str, ...]],
    text: str,
    options: SourceOptions,
    separator: str,
    *,
    complete: bool,
) -> None:
    width = len(rows[0])
    if all(len(row) == width and not _LINE_BREAK.search("".join(row)) for row in rows):
        return
    lines = io.StringIO(text, newline="")
    header = options.header is not False
    check_quotes(path, lines, separator, options.quote, width=width, complete=complete, header=header)


def _check_widths(
    path: Path,
    rows: list[tuple[str, ...]],
    text: str,
    options: SourceOptions,
    separator: str,
    *,
    complete: bool,
) -> None:
    width = len(rows[0])
    # Some programs write a separator at each row's end but not at the header's; `index_col` tells pandas.
    ragged = [
        i for i, row in enumerate(rows) if len(row) != width and not (len(row) == width + 1 and not row[-1])
    ]
    if not ragged and width > 1:
        return
    found = consistent_separators(text, options.quote, complete=complete)
    if better := [other for other in found if other != separator]:
        columns = f"{width} column{'s' if width > 1 else ''}"
        problem = (
            f"{columns} found with the separator {quoted(separator)}, and {_SPOKEN[better[0]]} in every row"
        )
        raise SourceOptionError(path, problem, option="separator", value=better[0])
    if ragged:
        row = ragged[0]
        raise unreadable(
            path,
            f"row {row + 1} has {len(rows[row])} of {width} values; values that hold the separator {quoted(separator)} must "
            "be quoted (source.quote), and nothing may come before the header",
        )


def _given_names(path: Path, rows: list[tuple[str, ...]], options: SourceOptions) -> tuple[str, ...]:
    width = len(rows[0])
    if _looks_like_names(rows[0], rows[1:], {*_NO_NAMES, *map(str, options.null_values)}):
        raise SourceOptionError(
            path, f"the first row looks like names ({listed(rows[0])})", option="header", value=True
        )
    if options.columns is None:
        return tuple(str(position) for position in range(width))
    if len(options.columns) != width:
        raise unreadable(
            path, f"source.columns names {len(options.columns)} columns, but the rows have {width} values"
        )
    _check_duplicates(path, options.columns, None)
    return options.columns


def _looks_like_names(first: tuple[str, ...], below: Sequence[tuple[str, ...]], nulls: set[str]) -> bool:
    if not below or any(map(is_number, first)):
        return False
    over_numbers = [
        position for position in range(len(first)) if all(is_number(row[position]) for row in below)
    ]
    return any(first[position].strip() not in nulls for position in over_numbers)


def _check_header(path: Path, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    columns = [[row[position] for row in rows] for position in range(len(names))]
    of_numbers = [name for name, below in zip(names, columns, strict=True) if all(map(is_number, below))]
    over_numbers = any(map(is_number, of_numbers))
    if names in rows and not over_numbers:
        raise unreadable(
            path,
            f"row {rows.index(names) + 2} repeats the first one; join files without their later headers, "
            "or set source.header to false if the first row is data",
        )
    if not rows:
        return
    are_names = any(name.strip() not in _NO_NAMES and not is_number(name) for name in of_numbers)
    if over_numbers and are_names:
        raise SourceOptionError(
            path,
            f"the first row looks like names, of which some are numbers ({listed(names)})",
            option="header",
            value=True,
            more="or to false if it is data",
        )
    if over_numbers or (
        not are_names and any(name and name in below for name, below in zip(names, columns, strict=True))
    ):
        raise SourceOptionError(
            path,
            f"the first row looks like data, not names ({listed(names)})",
            option="header",
            value=False,
            more="and name the columns in source.columns, or set it to true if these are the names",
        )


def _check_duplicates(path: Path, names: Sequence[str], wanted: Sequence[str] | None) -> None:
    counts = Counter(name for name in names if name and (wanted is None or name in wanted))
    if duplicates := [name for name, count in counts.items() if count > 1]:
        raise unreadable(
            path,
            f"more than one column has the name {listed(duplicates)}; rename them in the dataset, "
            "or leave them out by listing the others in source.columns",
        )
