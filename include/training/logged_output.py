"""A standard output whose lines go to the log."""

from __future__ import annotations

import contextlib
import io
import threading
from typing import TYPE_CHECKING

from include.training.log_lines import LogLines

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from typing import TextIO

    from _typeshed import ReadableBuffer

_STDOUT = 1


@contextlib.contextmanager
def open_logged_stdout(log: logging.Logger) -> Iterator[TextIO]:
    """Give a text stream that can stand in for ``sys.stdout``: with a buffer, an encoding and a file descriptor.

    Code that keeps the stream may write to it after the block too.

    Args:
        log: Where the lines go.
    """
    lines = LogLines(log)
    stream = io.TextIOWrapper(_LoggedBytes(lines), encoding="utf-8", errors="replace", write_through=True)
    try:
        yield stream
    finally:
        if not stream.closed:
            stream.flush()
        lines.finish()


class _LoggedBytes(io.BufferedIOBase):
    """The bytes below the text: they go to the log, and the file descriptor is the process's own standard output."""

    name = "<stdout>"
    mode = "wb"

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines
        self._writing = threading.local()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        # Airflow has that in the task's log too: what child processes print goes there.
        return _STDOUT

    def write(self, content: ReadableBuffer, /) -> int:
        output = bytes(content)
        # A log handler that prints to this very stream would be asked to print what it prints, for ever.
        if not getattr(self._writing, "now", False):
            self._writing.now = True
            try:
                self._lines.add(output)
            finally:
                self._writing.now = False
        return len(output)
