"""Cuts output into the lines of a log."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

_LAST_LINES = 20
# A line without an end must not fill the memory, nor an error the log.
_MAX_LINE_LENGTH = 10_000
_MAX_TOLD_LENGTH = 300


class LogLines:
    """Logs lines as they are completed, from any thread, and keeps the last ones.

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
        return tuple(line[:_MAX_TOLD_LENGTH] for line in self._last)

    def add(self, output: bytes) -> None:
        """Take a piece of output, and log the lines that it completes."""
        with self._cutting:  # not while logging: handlers have locks of their own
            # A progress bar goes back to the start of its line: each state is a line of the log.
            output = (self._rest + output).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            *lines, self._rest = output.split(b"\n")
            if len(self._rest) > _MAX_LINE_LENGTH:
                lines.append(self._rest)
                self._rest = b""
        for line in lines:
            self._log_line(line)

    def finish(self) -> None:
        """Log what stands after the last line's end."""
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
