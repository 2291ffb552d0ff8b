"""Run a child process whose output goes to the log as it comes, and end it with everything that it started."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from refinery.training.user_code.logged_output import LogLines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

_CHUNK_BYTES = 65_536
# How often to check whether a process has ended whose output another one keeps open.
_POLL_SECONDS = 0.2
# How long a process may take to clean up after SIGTERM.
_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EndedChild:
    """How a child process ended.

    Attributes:
        exit_code: Its exit code; negative where a signal ended it.
        timed_out: Whether it was ended because its time was up.
        last_lines: The last lines that it printed.
    """

    exit_code: int
    timed_out: bool
    last_lines: tuple[str, ...]


def run_child(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float | None
) -> EndedChild:
    """Run a command in a separate process group until it ends; nothing of the group is left when this returns.

    Both of its output streams are logged, line by line. It has no input.

    Args:
        command: The program and its arguments.
        env: Its whole environment.
        cwd: Its working directory.
        timeout: How long it may run, in seconds; None sets no limit.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with subprocess.Popen(
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        output = _Output(cast("IO[bytes]", process.stdout).fileno())
        try:
            in_time = _follow(process, output, deadline)
        finally:  # also when this process must stop
            _end_group(process)
            output.drain()
    return EndedChild(process.returncode, not in_time, output.last_lines)


def _follow(process: subprocess.Popen[bytes], output: _Output, deadline: float | None) -> bool:
    """Log what a process prints until it ends; return whether it ended in time."""
    while deadline is None or time.monotonic() < deadline:
        output.read(_POLL_SECONDS)
        if process.poll() is not None:
            return True
    return False


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    # Also after success: what a script leaves running would keep writing to a folder that no longer belongs to it.
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


class _Output:
    """The reading end of a process's output, which goes to the log."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._open = True
        self._lines = LogLines(log)

    @property
    def last_lines(self) -> tuple[str, ...]:
        return self._lines.last_lines

    def read(self, wait: float) -> None:
        """Wait for output, in seconds, and log it."""
        if not self._open:  # a process may close its output and go on
            time.sleep(wait)
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            if selector.select(wait):
                self._read_chunk()

    def drain(self) -> None:
        """Log the rest, but do not wait for more: a process that left its group may keep the output open."""
        os.set_blocking(self._descriptor, False)
        with contextlib.suppress(BlockingIOError):
            while self._open:
                self._read_chunk()
        self._lines.finish()

    def _read_chunk(self) -> None:
        chunk = os.read(self._descriptor, _CHUNK_BYTES)
        self._open = bool(chunk)
        self._lines.add(chunk)
