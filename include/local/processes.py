"""Processes that outlive the call that started them: noted in a file, found again, and stopped with all their children."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STOP_TIMEOUT = 20  # seconds until what has not ended is killed
POLL_SECONDS = 0.1


class ProcessRecord:
    """A file that notes processes by id and start time, since the system gives ids again.

    Args:
        path: The file; its folder is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, pids: Iterable[int]) -> None:
        """Note running processes."""
        self._path.write_text(json.dumps({pid: psutil.Process(pid).create_time() for pid in pids}))

    def running(self) -> list[int]:
        """Those of the noted processes that still run."""
        if not self._path.exists():
            return []
        noted = json.loads(self._path.read_text())
        return [int(pid) for pid, started in noted.items() if _runs_since(int(pid), started)]

    def remove(self) -> None:
        """Forget the processes."""
        self._path.unlink(missing_ok=True)


def stop_processes(pids: Iterable[int], *, patience: float = STOP_TIMEOUT) -> None:
    """End processes and all their descendants: asked first, killed after so many seconds of patience.

    Children are asked too, and before their parents: Airflow's triggerer waits ten seconds for a child that was not.
    """
    parents = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    # Listed before any ends: a child whose parent has gone is no longer found through it.
    family = list(dict.fromkeys(process for parent in parents for process in (*_descendants(parent), parent)))
    for process in family:
        _signal(process, psutil.Process.terminate)
    for process in _wait(family, patience):
        _signal(process, psutil.Process.kill)
    _wait(family, STOP_TIMEOUT)


def _wait(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes have ended, and return those that have not; one that nobody has reaped yet has ended."""
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
