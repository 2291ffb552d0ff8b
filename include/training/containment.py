"""Runs code that is not ours, so that its output goes to the log and what fails in it is told as its own."""

from __future__ import annotations

import contextlib
import io
import logging
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from include.training.errors import OutOfMemoryError, UserCodeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

log = logging.getLogger(__name__)


@contextlib.contextmanager
def user_code(file: Path, doing: str) -> Iterator[None]:
    """Run a user's code with its output in the log, and its failures told with its own file and line.

    The working directory and the warning filters are as before when it ends.

    Args:
        file: The user's module.
        doing: What runs, for messages, such as "build_model".

    Raises:
        UserCodeError: The code raised or called for the process's end.
        OutOfMemoryError: Memory ran out.
    """
    try:
        with contained():
            yield
    except MemoryError as error:
        raise OutOfMemoryError(doing) from error
    except SystemExit as error:
        raise user_code_error(
            file, doing, f"left the process with exit status {error.code!r}", error
        ) from error
    except Exception as error:  # whatever it is, it is the user's to read
        raise user_code_error(file, doing, f"raised {type(error).__name__}: {error}", error) from error


@contextlib.contextmanager
def contained() -> Iterator[None]:
    """Log what is printed and warned in the block, and undo its changes to working directory and warning filters."""
    with contextlib.chdir(Path.cwd()), _output_logged(), _warnings_logged():
        yield


def line_in(file: Path, error: BaseException) -> int:
    """Give the deepest line of the file in an error's traceback, 0 where the file is not in it."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(file)), 0)


def user_code_error(file: Path, doing: str, problem: str, error: BaseException) -> UserCodeError:
    """Tell an error as the user's, its traceback cut to start at their file."""
    line = line_in(file, error)
    error.__traceback__ = _cut_to(file, error.__traceback__)
    text = "".join(traceback.format_exception(error))
    return UserCodeError(file, line, doing, problem, text)


def _cut_to(file: Path, start: TracebackType | None) -> TracebackType | None:
    while start is not None and start.tb_frame.f_code.co_filename != str(file):
        start = start.tb_next
    return start


class _LogLines(io.TextIOBase):
    """A stream whose lines go to the log as they are completed."""

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            log.info("%s", line)
        return len(text)

    def finish(self) -> None:
        if self._rest:
            log.info("%s", self._rest)


@contextlib.contextmanager
def _output_logged() -> Iterator[None]:
    stream = _LogLines()
    with contextlib.redirect_stdout(stream):
        try:
            yield
        finally:
            stream.finish()


@contextlib.contextmanager
def _warnings_logged() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            yield
        finally:
            for warning in caught:
                log.warning(
                    "%s:%s: %s: %s",
                    warning.filename,
                    warning.lineno,
                    warning.category.__name__,
                    warning.message,
                )
