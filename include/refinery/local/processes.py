"""Processes that outlive the call that started them: recorded in a file, found again, and stopped with all their children."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STOP_TIMEOUT = 20  # seconds until what has not ended is killed
POLL_SECONDS = 0.1


class ProcessRecord:
    """A file that records processes by id and start time, since the system reuses ids.

    Args:
        path: The file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, pids: Iterable[int]) -> None:
        """Record running processes."""
        self._path.write_text(json.dumps({pid: psutil.Process(pid).create_time() for pid in pids}))

    def running(self) -> list[int]:
        """Return those of the recorded processes that still run."""
        if not self._path.exists():
            return []
        recorded = json.loads(self._path.read_text())
        return [int(pid) for pid, started in recorded.items() if _runs_since(int(pid), started)]

    def remove(self) -> None:
        """Forget the processes."""
        self._path.unlink(missing_ok=True)


def stop_processes(pids: Iterable[int], *, patience: float = STOP_TIMEOUT) -> None:
    """End processes and all their descendants: terminate them, and kill those that have not ended after seconds of patience.

    Children are terminated too, and before their parents: Airflow's triggerer waits ten seconds for a child that was not.
    """
    parents = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    # Listed before any ends: a child whose parent has gone is no longer found through it.
    family = list(dict.fromkeys(process for parent in parents for process in (*_descendants(parent), parent)))
    for process in family:
        _signal(process, psutil.Process.terminate)
    for process in _wait(family, patience):
        _signal(process, psutil.Process.kill)
    _wait(family, STOP_TIMEOUT)


def kill_session(leader: int) -> None:
    """Kill what is left of the session that a process started, whatever its parents are by now."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(process.pid) == leader:
                _signal(process, psutil.Process.kill)


def on_parent_exit(end: Callable[[], None]) -> None:
    """Call a function, in its own thread, once the parent process is gone.

    The parent must have made standard input a pipe, whose other end closes with the parent. Anything else that reads standard
    input in this process finds it empty.
    """
    pipe = os.dup(sys.stdin.fileno())
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - its descriptor is needed
        os.dup2(nothing.fileno(), sys.stdin.fileno())

    def wait_for_exit() -> None:
        os.read(pipe, 1)
        end()

    threading.Thread(target=wait_for_exit, daemon=True).start()


def _wait(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end, and return those that have not; a zombie has ended."""
    deadline = time.monotonic() + seconds
    alive = list(processes)
    while alive and time.monotonic() < deadline:
        _, alive = psutil.wait_procs(alive, timeout=POLL_SECONDS)
        alive = [process for process in alive if _runs(process)]
    return alive


def _runs_since(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return False
    return process.create_time() == started and _runs(process)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, send: Callable[[psutil.Process], None]) -> None:
    try:
        send(process)
    except psutil.NoSuchProcess:
        return
