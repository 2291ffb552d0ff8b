"""What the commands print: colours and folded tables for people at a terminal, plain lines for everyone else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

import typer

from include.cli.errors import CommandError
from include.config.errors import ConfigError
from include.config.reports import render_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from include.errors import RefineryError

_SHORT = 16  # letters, as many as a moment has
_RED, _RESET = "\033[31m", "\033[0m"


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person reads, or types, at the other end."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def use_color(stream: TextIO) -> bool:
    """Tell whether a stream takes colours: in a terminal, unless NO_COLOR says otherwise."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def print_error(error: RefineryError) -> None:
    """Print an error to standard error."""
    color = use_color(sys.stderr)
    if isinstance(error, ConfigError):
        typer.echo(render_problems(error.problems, color=color), err=True, color=color)
    else:
        typer.echo(f"{_RED}{error}{_RESET}" if color else str(error), err=True, color=color)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return each row as a line, its cells below those of the other rows."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    is_faint: Callable[[Sequence[str]], bool] = lambda _: False,
) -> None:
    """Print a table to standard output; in a terminal its last two columns and long ones are folded where they do not fit.

    Args:
        headers: The columns' names.
        rows: The cells of each row.
        is_faint: Tells which rows matter less.
    """
    if not is_terminal(sys.stdout):
        typer.echo("\n".join(align([headers, *rows])))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for index, cells in enumerate(zip(headers, *rows, strict=True)):
        # A column that may not be folded would be cut off instead; of short ones all fit.
        is_short = index < len(headers) - 2 and max(map(len, cells)) <= _SHORT
        table.add_column(cells[0], overflow="fold", no_wrap=is_short)
    for row in rows:
        table.add_row(*map(Text, row), style="dim" if is_faint(row) else None)
    Console(highlight=False).print(table)


def write_csv(table: pd.DataFrame, file: Path | None) -> None:
    """Write a table as CSV into a file, or to standard output.

    Raises:
        CommandError: The file cannot be written.
    """
    try:
        table.to_csv(file or typer.get_text_stream("stdout"), index=False)
    except OSError as error:
        if file is None:  # nobody reads on
            raise
        raise CommandError(f"{file} cannot be written: {error.strerror or error}.") from error
