"""End the process of a step that continues after its timeout: Airflow raises an exception, which code may catch."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import threading

# Imported before a model's code runs, which may replace it.
from os import _exit as leave_process
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

# The time to clean up after Airflow's exception, in seconds.
GRACE = 60.0
# After this further time, a process in which no Python thread can run is ended too, with only its traceback.
_FURTHER_GRACE = 10.0
_STDERR = 2


@contextlib.contextmanager
def ended_after(timeout: timedelta | None) -> Iterator[None]:
    """End this process and its children if the block still runs a minute after a timeout.

    Args:
        timeout: The task's timeout, at which Airflow raises AirflowTaskTimeout; None sets none.
    """
    if timeout is None:
        yield
        return
    seconds = timeout.total_seconds()
    timer = threading.Timer(seconds + GRACE, _end_process, [seconds])
    timer.daemon = True
    timer.start()
    faulthandler.dump_traceback_later(seconds + GRACE + _FURTHER_GRACE, exit=True, file=_STDERR)
    try:
        yield
    finally:
        timer.cancel()
        faulthandler.cancel_dump_traceback_later()


def _end_process(seconds: float) -> None:
    try:
        said = (
            f"The step still runs {GRACE:g} s after its timeout of {seconds:g} s: its code, or the model's, catches AirflowTaskTimeout "
            "(with `except:` or `except BaseException:`), or does not return to Python. Refinery ends the process. Catch Exception "
            "in that code, or increase the config's timeout.\n"
        )
        os.write(_STDERR, said.encode())
        _kill_children()
    finally:
        leave_process(1)


def _kill_children() -> None:
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
