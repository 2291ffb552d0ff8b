"""Request the next objects of a dataset while one is read: with many small ones, most time is spent waiting for answers."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from refinery.storage.source import OpenedFile, Source

_REQUESTS = 8
# Seconds after which a server may have hung up, because nobody read its answer: a large object came before.
_MOST_AGE = 5
# Seconds that a stop waits for requests that have no answer yet.
_STOP_TIMEOUT = 2


def open_ahead(sources: Iterable[Source]) -> Generator[Source]:
    """Yield the same files in order, of which those on S3 are requested before their turn.

    Errors are raised where a file is opened. Close the iterator to end its threads and connections.

    Args:
        sources: The files; web servers get one request at a time.
    """
    upcoming: deque[Source] = deque()
    executor = ThreadPoolExecutor(_REQUESTS, thread_name_prefix="refinery-requester")
    try:
        for number, source in enumerate(sources):
            is_ahead = number > 0 and source.serves_ranges
            upcoming.append(_RequestedSource(source, executor) if is_ahead else source)
            if len(upcoming) > _REQUESTS:
                yield upcoming[0]
                upcoming.popleft()
        while upcoming:
            yield upcoming[0]
            upcoming.popleft()
    finally:
        requested = [source for source in upcoming if isinstance(source, _RequestedSource)]
        hanging = wait([source.drop() for source in requested], timeout=_STOP_TIMEOUT).not_done
        executor.shutdown(wait=not hanging, cancel_futures=True)


class _RequestedSource:
    """A file whose first request is under way."""

    def __init__(self, source: Source, executor: ThreadPoolExecutor) -> None:
        self.location = source.location
        self.serves_ranges = source.serves_ranges
        self._source = source
        self._request = executor.submit(self._open)
        self._is_first = True

    def open(self, offset: int, validator: str | None, end: int | None = None) -> OpenedFile:
        """Return the answer to the first request, and later make others."""
        is_first, self._is_first = self._is_first, False
        if is_first and not self._request.cancel():
            opened, answered = self._request.result()
            if time.monotonic() - answered < _MOST_AGE:
                return opened
            opened.close()
        return self._source.open(offset, validator, end)

    def drop(self) -> Future[tuple[OpenedFile, float]]:
        """Close the connection as soon as there is an answer."""
        if not self._request.cancel():
            self._request.add_done_callback(_close)
        return self._request

    def _open(self) -> tuple[OpenedFile, float]:
        return self._source.open(0, None), time.monotonic()


def _close(request: Future[tuple[OpenedFile, float]]) -> None:
    with contextlib.suppress(RefineryError):
        opened, _ = request.result()
        opened.close()
