"""Makes being told to stop the same as Ctrl-C, so that a command can stop what it has started."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType


def interrupt_on_signals() -> None:
    """Raise KeyboardInterrupt on SIGINT, which a shell lets background jobs ignore, and on SIGTERM."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
