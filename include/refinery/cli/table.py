"""Tables that fit a person's terminal without a broken word, and are plain lines for everyone else."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len

from refinery.cli.terminal import is_terminal, use_color

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_GAP = 2
_INDENT = 2
# The last column gives way first, down to this width; then the widest of the others.
_LEAST_LAST = 20
_WORD = re.compile(r"(?:\{\{.*?\}\}|\S)+")


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    below: int = 0,
    is_faint: Callable[[Sequence[str]], bool] = lambda _: False,
) -> None:
    """Print a table to standard output: in a terminal so that it fits without a broken word, elsewhere a line for each row.

    Args:
        headers: The names of the columns.
        rows: The cells of each row.
        below: The number of last columns that go below their row, a line each, where the table does not fit.
        is_faint: Whether a row matters less.
    """
    width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    (header, _), *lines = format_table([headers, *rows], width=width, below=below)
    color = use_color(sys.stdout)
    typer.secho(header, bold=True, color=color)
    for row, (line, details) in zip(rows, lines, strict=True):
        typer.secho(line, dim=is_faint(row) or None, color=color)
        if details:
            typer.secho(details, dim=True, color=color)


def format_table(
    rows: Sequence[Sequence[str]], *, width: int | None, below: int = 0
) -> list[tuple[str, str]]:
    """Return each row as text, and the text that goes below it.

    Args:
        rows: The cells of each row, the header included.
        width: The width to fit; None for any.
        below: As for `print_table`.
    """
    widths = _natural_widths(rows)
    if width is None or sum(widths) + _GAP * (len(widths) - 1) <= width:
        return [(_align(row, widths), "") for row in rows]
    count = len(widths) - below
    widths = _fit([row[:count] for row in rows], width)
    return [
        ("\n".join(_lay_out(row[:count], widths, width)), "\n".join(_lay_below(row[count:], width)))
        for row in rows
    ]


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (room - cell_len(cell)) for cell, room in zip(cells, widths, strict=True))
    return (" " * _GAP).join(padded).rstrip()


def _natural_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]


def _fit(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return the columns' widths within a terminal; cells that are longer than their column are wrapped or spill over."""
    *others, last = _natural_widths(rows)
    room = width - _GAP * len(others)
    while sum(others) > room - min(last, _LEAST_LAST) and max(others, default=0) > 1:
        others[others.index(max(others))] -= 1
    columns = list(zip(*rows, strict=True))
    kept = [
        max((cell_len(cell) for cell in cells if cell_len(cell) <= most), default=most)
        for cells, most in zip(columns, others, strict=False)
    ]
    return [*kept, max(room - sum(kept), 1)]


def _lay_out(cells: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    """Write a row: each cell in its column, wrapped between words; one with a word too long for it has lines to itself."""
    lines: list[str] = []
    top = start = 0
    for column, (cell, room) in enumerate(zip(cells, widths, strict=True), 1):
        longest = max(map(cell_len, _words(cell)), default=0)
        fits = longest <= room
        further = width - longest if column < len(cells) else _INDENT
        at = start if fits else min(start, max(_INDENT, further))
        if at < start:
            top = len(lines)
        for number, piece in enumerate(_wrap(cell, room if fits else width - at), top):
            lines += [""] * (number + 1 - len(lines))
            lines[number] += " " * (at - cell_len(lines[number])) + piece
        top = top if fits else len(lines)
        start += room + _GAP
    return lines or [""]


def _lay_below(cells: Sequence[str], width: int) -> list[str]:
    return [" " * _INDENT + line for cell in cells for line in _wrap(cell, width - _INDENT)]


def _wrap(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text, none longer than the width unless a single word is."""
    gap = " " * _GAP if " " * _GAP in text else " "
    line = ""
    for word in _words(text):
        if line and cell_len(line + gap + word) > width:
            yield line
            line = word
        else:
            line = line + gap + word if line else word
    if line:
        yield line


def _words(text: str) -> list[str]:
    """Return what stays together on a line: words with their templates, or what stands between double spaces."""
    return re.split(r"\s\s+", text.strip()) if " " * _GAP in text else _WORD.findall(text)
