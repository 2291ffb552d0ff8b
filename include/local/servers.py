"""Servers on the loopback interface: a free port, and when a server has opened it."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

HOST = "127.0.0.1"
START_TIMEOUT = 30  # seconds; a second or two is usual
POLL_SECONDS = 0.05


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server takes connections; False where it ended before, or took longer than START_TIMEOUT."""
    return wait_until(lambda: _is_open(port), process)


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server says that it is ready; False where it ended before, or took longer than START_TIMEOUT."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready():
            return True
        time.sleep(POLL_SECONDS)
    return False


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
