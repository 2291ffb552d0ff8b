"""Read small files from S3 for pages: in a few threads, kept in memory, and with a page's patience.

What was read is used again: while it is fresh without asking, and after that until a thread has asked whether it changed. A page waits
a moment for what was never read, and shows the rest when it is there.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

log = logging.getLogger(__name__)

Value = TypeVar("Value")

_THREADS = 6
_MOST_KEPT = 5_000
# Of their texts, which users and hostile files choose the length of.
_MOST_LETTERS = 20_000_000
# After a failure, the same is not tried again for this long.
_FAILURE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Reading(Generic[Value]):
    """What a page knows of a file.

    Attributes:
        value: What it says; None if it was never read, or is not there.
        problem: Why it could not be read the last time; empty if it could.
        is_pending: Whether it was never read, and is being read right now.
    """

    value: Value | None = None
    problem: str = ""
    is_pending: bool = False


@dataclass(slots=True)
class _Kept(Generic[Value]):
    value: Value | None = None
    problem: str = ""
    is_read: bool = False
    read_at: float = 0.0
    letters: int = 0
    future: Future[None] | None = None


class Readings(Generic[Value]):
    """Values read from S3, by keys.

    Args:
        fresh_for: How many seconds a value is used without asking again.
        most: How many values are kept; the ones that were not used for longest go first.
        most_letters: How long their texts may be, for all of them together.
        pool: The threads that read.
    """

    def __init__(
        self,
        *,
        fresh_for: float,
        most: int = _MOST_KEPT,
        most_letters: int = _MOST_LETTERS,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self._fresh_for = fresh_for
        self._most = most
        self._most_letters = most_letters
        self._letters = 0
        self._pool = pool or reading_threads()
        self._kept: OrderedDict[Hashable, _Kept[Value]] = OrderedDict()
        self._being_read = 0
        self._lock = threading.Lock()

    def read(
        self,
        loads: Mapping[Hashable, Callable[[Value | None], Value | None]],
        *,
        patience: float,
        fresh: bool = False,
        max_age: float | None = None,
    ) -> dict[Hashable, Reading[Value]]:
        """Return what is known of each key, after waiting a moment for what was never read.

        Args:
            loads: For each key, a function that reads its value, and gets the one that was read before.
            patience: How many seconds to wait at most, for all of them together.
            fresh: Whether to wait also for what was read before, but may have changed.
            max_age: After how many seconds a value is read again; by default `fresh_for`.
        """
        age = self._fresh_for if max_age is None else max_age
        futures = [self._refresh(key, load, age, fresh=fresh) for key, load in loads.items()]
        wait([future for future in futures if future], timeout=patience)
        return {key: self._reading(key) for key in loads}

    def forget(self, key: Hashable) -> None:
        """Read a key again the next time, because it was just changed."""
        with self._lock:
            if key in self._kept:
                self._letters -= self._kept.pop(key).letters

    def _refresh(
        self, key: Hashable, load: Callable[[Value | None], Value | None], max_age: float, *, fresh: bool
    ) -> Future[None] | None:
        """Have a key read if that is due; return what to wait for, if there is nothing to show meanwhile."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            self._drop_oldest()
            if kept.problem:
                max_age = _FAILURE_SECONDS
            if kept.future is None and (not kept.is_read or time.monotonic() - kept.read_at >= max_age):
                kept.future = self._pool.submit(self._load, key, kept, load)
                self._being_read += 1
            is_usable = kept.is_read and not kept.problem
            return None if is_usable and not fresh else kept.future

    def _drop_oldest(self) -> None:
        while len(self._kept) > self._most or (self._letters > self._most_letters and len(self._kept) > 1):
            self._letters -= self._kept.popitem(last=False)[1].letters

    def _load(self, key: Hashable, kept: _Kept[Value], load: Callable[[Value | None], Value | None]) -> None:
        value, letters, problem = kept.value, kept.letters, ""
        try:
            value = load(value)
            letters = len(repr(value))
        except RefineryError as error:
            problem = str(error)
        except Exception as error:
            log.exception("A model could not be read for a page")
            problem = f"{type(error).__name__}: {error}"
        with self._lock:
            if self._kept.get(key) is kept:
                self._letters += letters - kept.letters
                kept.letters = letters
                self._drop_oldest()
            kept.value, kept.problem = value, problem
            kept.read_at, kept.is_read = time.monotonic(), True
            kept.future = None  # thousands of them would take more memory than what they read
            self._being_read -= 1
            was_last = not self._being_read
        if was_last:
            _return_free_memory()

    def _reading(self, key: Hashable) -> Reading[Value]:
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or not kept.is_read:
            return Reading(is_pending=True)
        return Reading(kept.value, kept.problem)


def reading_threads() -> ThreadPoolExecutor:
    """Return threads that read from S3, as many as requests may run at the same time."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="refinery-web")


def _return_free_memory() -> None:
    """Return to the system what reading leaves free, above all the first client: glibc keeps it, for each thread."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
