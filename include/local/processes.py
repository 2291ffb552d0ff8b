"""Processes that outlive the call that started them: noted in a file, found again, and stopped with all their children."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STOP_TIMEOUT = 20  # seconds until what has not ended is killed


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


def stop_processes(pids: Iterable[int]) -> None:
    """End processes and all their descendants: asked first, killed after 20 seconds.

    Every one is asked, as Ctrl-C in a terminal does: Airflow's parents wait ten seconds for children that were not.
    """
    parents = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    # Listed before any ends: a child whose parent has gone is no longer found through it.
    family = {process for parent in parents for process in (parent, *_descendants(parent))}
    for process in family:
        _signal(process, psutil.Process.terminate)
    _, alive = psutil.wait_procs(family, timeout=STOP_TIMEOUT)
    for process in alive:
        _signal(process, psutil.Process.kill)
    psutil.wait_procs(alive, timeout=STOP_TIMEOUT)


def _runs_since(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE
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
