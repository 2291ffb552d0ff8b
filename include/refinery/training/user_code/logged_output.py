"""Split the output of a process, or of code that prints, into lines of the log."""

from __future__ import annotations

import contextlib
import io
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from typing import TextIO

    from _typeshed import ReadableBuffer

_STDOUT = 1
_LAST_LINES = 20
# A line without an end must not fill the memory, or an error the log.
_MAX_LINE_LENGTH = 10_000
_MAX_QUOTED_LENGTH = 300


class LogLines:
    """A log of lines as they are completed, from any thread, that keeps the last ones.

    Args:
        log: Where they go.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._rest = b""
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._cutting = threading.Lock()

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines, shortened for an error's text."""
        return tuple(line[:_MAX_QUOTED_LENGTH] for line in self._last)

    def add(self, output: bytes) -> None:
        """Add a piece of output, and log the lines that it completes."""
        with self._cutting:  # not while logging: handlers have their own locks
            # A progress bar returns to the start of its line: each state is a line of the log.
            output = (self._rest + output).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            *lines, self._rest = output.split(b"\n")
            if len(self._rest) > _MAX_LINE_LENGTH:
                lines.append(self._rest)
                self._rest = b""
        for line in lines:
            self._log_line(line)

    def finish(self) -> None:
        """Log what follows the last line's end."""
        with self._cutting:
            rest, self._rest = self._rest, b""
        if rest:
            self._log_line(rest)

    def _log_line(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        for start in range(0, len(text), _MAX_LINE_LENGTH):
            part = text[start : start + _MAX_LINE_LENGTH]
            self._log.info("%s", part)
            self._last.append(part)


@contextlib.contextmanager
def open_logged_stdout(log: logging.Logger) -> Iterator[TextIO]:
    """Yield a text stream that can replace ``sys.stdout``: with a buffer, an encoding and a file descriptor.

    Code that keeps the stream may still write to it after the block.

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
    """The bytes below the text, which go to the log; the file descriptor is the process's standard output."""

    name = "<stdout>"
    mode = "wb"

    def __init__(self, lines: LogLines) -> None:
        self._lines = lines
        self._writing = threading.local()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        # Airflow logs it for the task too: what child processes print goes there.
        return _STDOUT

    def write(self, content: ReadableBuffer, /) -> int:
        output = bytes(content)
        # A log handler that prints to this stream would print its own output forever.
        if not getattr(self._writing, "now", False):
            self._writing.now = True
            try:
                self._lines.add(output)
            finally:
                self._writing.now = False
        return len(output)
