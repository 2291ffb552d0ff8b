"""What the commands print: errors and predictions, in color where a person can see it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

import typer

from refinery.config import ConfigError, render_problems
from refinery.errors import RefineryError

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.training import PredictedFile

_RED, _RESET = "\033[31m", "\033[0m"


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person reads, or types, at the other end."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def use_color(stream: TextIO) -> bool:
    """Return whether a stream takes colors: in a terminal, unless NO_COLOR is set."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def print_error(error: RefineryError) -> None:
    """Print an error to standard error."""
    color = use_color(sys.stderr)
    if isinstance(error, ConfigError):
        typer.echo(render_problems(error.problems, color=color), err=True, color=color)
    else:
        typer.echo(f"{_RED}{error}{_RESET}" if color else str(error), err=True, color=color)


def write_predictions(predicted: PredictedFile, file: Path | None) -> None:
    """Write a file's rows and their predictions into a file, or to standard output; Parquet is shown as CSV.

    Raises:
        RefineryError: The file cannot be written.
    """
    if file is None:
        typer.get_text_stream("stdout").writelines(predicted.lines())
        return
    try:
        predicted.write(file)
    except OSError as error:
        raise RefineryError(f"{file} cannot be written: {error.strerror or error}.") from error
