"""Find quotes that open a value by mistake, so that the rows up to the next quote become its text."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery.training.errors import SourceOptionError
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

# As a separator, any run of blanks: columns are aligned with as many as needed.
BLANKS = " "
# As the quote, no character.
NO_QUOTE = "none"
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# This many whole rows within a value are not a coincidence.
_ROWS_WITHIN = 2
_SHOWN = 40


def quoting(quote: str) -> dict[str, Any]:
    """Return the quote as arguments of Python's and pandas' CSV readers."""
    return {"quoting": csv.QUOTE_NONE} if quote == NO_QUOTE else {"quotechar": quote}


def is_number(text: str) -> bool:
    """Return whether a text is a number as programs write it."""
    return _PLAIN_NUMBER.fullmatch(text.strip()) is not None


def holds_line_breaks(table: pd.DataFrame) -> bool:
    """Return whether a text in a table has several lines, which only a quoted value can have."""
    texts = (column for _, column in table.items() if column.dtype.kind == "O")
    return any(bool(column.astype("str").str.contains("[\r\n]").any()) for column in texts)


def check_quotes(
    path: Path, lines: Iterable[str], separator: str, quote: str, *, width: int, complete: bool, header: bool
) -> None:
    """Check that no quoted value of several lines holds what looks like rows.

    Text of several lines may well be quoted. It counts as swallowed rows where more text follows its closing quote,
    where that is missing, or where the lines of all these values of a column look like the rows around them.

    Args:
        path: The file, for messages.
        lines: Its lines, with their ends.
        separator: The separator of its values.
        quote: What quotes them.
        width: How many columns there are.
        complete: Whether the lines are all of the file.
        header: Whether the first row names the columns.

    Raises:
        SourceOptionError: One does.
    """
    if quote == NO_QUOTE:
        return
    suspects: dict[int, _Value] = {}
    cleared: set[int] = set()
    for value in _values_of_several_lines(lines, separator, quote):
        if value.broken and (value.closed or complete):
            raise _stray_quote(path, value, header=header)
        if quote not in "".join(value.pieces) and value.looks_like_rows(separator, width):
            suspects.setdefault(value.column, value)
        else:
            cleared.add(value.column)
    for column, value in suspects.items():
        if column not in cleared and value.closed:
            raise _stray_quote(path, value, header=header)


@dataclass(slots=True)
class _Value:
    """A quoted value.

    Attributes:
        row: The row that it begins in, from 1.
        line: The line that it begins in, from 1.
        column: Its column, from 0.
        pieces: Its text, line by line.
        closed: Whether its closing quote was found.
        broken: Whether that is missing, or followed by more text.
        before: The text before it in its first line.
        after: The text after it in its last line.
    """

    row: int
    line: int
    column: int = 0
    pieces: list[str] = field(default_factory=list)
    closed: bool = False
    broken: bool = True
    before: str = ""
    after: str = ""

    def looks_like_rows(self, separator: str, width: int) -> bool:
        """Return whether its lines are the rest of a row, whole rows, and the start of another."""
        if separator == BLANKS:
            return True
        first, *between, last = (piece.split(separator) for piece in self.pieces)
        if [len(first), len(last)] != [width - self.column, self.column + 1] or width == 1:
            return False
        within = [*last[:-1], *first[1:]]
        around = [*self.before.split(separator)[:-1], *self.after.split(separator)[1:]]
        kinds = [tuple(map(is_number, pair)) for pair in zip(within, around, strict=False) if all(pair)]
        if any(len(row) != width for row in between) or any(a != b for a, b in kinds):
            return False
        return (True, True) in kinds or len(between) >= _ROWS_WITHIN or not last[-1]


def _values_of_several_lines(lines: Iterable[str], separator: str, quote: str) -> Iterator[_Value]:
    """Yield the values whose quotes hold line breaks, as pandas reads them: a quote counts at a value's start only."""
    separators = re.compile(r"\s+" if separator == BLANKS else re.escape(separator))
    row = 0
    begun: _Value | None = None
    for number, line in enumerate(lines, start=1):
        body = line.rstrip("\r\n")
        if begun is None:
            row += bool(body.strip())
            if quote not in body:
                continue
        values = list(_values_of_line(body, separators, quote, begun or _Value(row, number)))
        yield from (value for value in values if value.closed and len(value.pieces) > 1)
        begun = values[-1] if values and not values[-1].closed else None
    if begun is not None:
        yield begun


def _values_of_line(body: str, separators: re.Pattern[str], quote: str, value: _Value) -> Iterator[_Value]:
    """Yield the quoted values of a line; the first may continue from a line before, the last into the next."""
    at = 0
    if not value.pieces and separators.pattern == r"\s+":
        at = len(body) - len(body.lstrip())
    while True:
        if value.pieces or body.startswith(quote, at):
            value.before = value.before if value.pieces else body[:at]
            at = _take(value, body, at if value.pieces else at + 1, quote)
            value.after = body[at:]
            value.broken = at < len(body) and not separators.match(body, at) if value.closed else True
            yield value
            if not value.closed:
                return
        if not (end := separators.search(body, at)):
            return
        line = value.line + max(0, len(value.pieces) - 1)
        at, value = end.end(), _Value(value.row, line, value.column + 1)


def _take(value: _Value, body: str, start: int, quote: str) -> int:
    """Add a line's part of a value; return where it ends."""
    at = start
    while (close := body.find(quote, at)) >= 0 and body.startswith(quote, close + 1):
        at = close + 2
    value.closed = close >= 0
    value.pieces.append(body[start:close] if value.closed else body[start:])
    return close + 1 if value.closed else len(body)


def _stray_quote(path: Path, value: _Value, *, header: bool) -> SourceOptionError:
    row = value.row - header
    where = f"row {row} (line {value.line})" if row else f"the header (line {value.line})"
    last = value.line + len(value.pieces) - 1
    problem = (
        f"in {where} the quote before {quoted(value.pieces[0][:_SHOWN])} opens a value that goes on to line {last}, "
        "and takes the rows between for its text; correct it in the dataset or, if quotes are part of the text"
    )
    return SourceOptionError(path, problem, option="quote", value=NO_QUOTE)
