"""Measures what a training takes, its child processes included."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; Linux counts KiB
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


class Usage:
    """The time, CPU time and memory of what happens after it is made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._cpu_seconds = _cpu_seconds()

    def to_dict(self) -> dict[str, Any]:
        """Return what was used until now, as a manifest has it.

        The memory is the most that this process or one of its children has had at any time, and the workers of a Dask cluster
        are not counted.
        """
        peak = max(resource.getrusage(who).ru_maxrss for who in _PROCESSES) * _MAXRSS_UNIT
        return {
            "duration_seconds": round(time.monotonic() - self._started, 3),
            "usage": {
                "cpu_seconds": round(_cpu_seconds() - self._cpu_seconds, 3),
                "peak_memory_bytes": peak,
            },
        }


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in _PROCESSES]
    return sum(one.ru_utime + one.ru_stime for one in used)
