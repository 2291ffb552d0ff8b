"""Ends a child process when its parent ends, however that ends."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def when_parent_ends(end: Callable[[], None]) -> None:
    """Call a function, in a thread of its own, once the parent has gone.

    The parent must have made standard input a pipe, whose other end its death lets go. What else reads standard input in this
    process finds it empty.
    """
    lifeline = os.dup(sys.stdin.fileno())
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - its descriptor is what is wanted
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    threading.Thread(target=_wait, args=(lifeline, end), daemon=True).start()


def _wait(lifeline: int, end: Callable[[], None]) -> None:
    os.read(lifeline, 1)
    end()
