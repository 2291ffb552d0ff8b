"""Receive a file's bytes ahead of their reader: in a second thread, or over several connections at once.

The reader gets the bytes in order and does the rest (writes and hashes them) while threads receive what follows. What is
received ahead is bounded, and so is the memory.

One connection to S3 is far slower than the network, so a large object arrives in ranges, each with its own request. The
request that opened the object is kept until the first range has arrived: if the server refuses, ignores or throttles ranges,
that request brings the rest.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Self

from refinery.storage.errors import CONNECTION_DROPPED, OBJECT_CHANGED, RemoteError
from refinery.storage.source import CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from refinery.storage.source import OpenedFile, Source

log = logging.getLogger(__name__)

_MEBIBYTE = 1 << 20
# Below this, a thread costs more than it saves.
_LEAST_BYTES_AHEAD = 4 * _MEBIBYTE
_STREAM_BUFFER_BYTES = 2 * _MEBIBYTE
_CONNECTIONS = 8
_RANGE_BYTES = 8 * _MEBIBYTE
_LEAST_BYTES_IN_RANGES = 4 * _RANGE_BYTES
# How often a range is requested, whole or from where it broke, before the whole transfer waits and resumes.
_TRIES = 3
# Seconds that a stop waits for its threads. Their connections are cut, so only a request without an answer takes longer.
_STOP_TIMEOUT = 2


def read_ahead(source: Source, opened: OpenedFile) -> Generator[bytes | memoryview]:
    """Yield the bytes of an opened file in order; close the iterator to end its threads and connections.

    Args:
        source: Where the file comes from.
        opened: The file, opened where its bytes are to begin.

    Yields:
        Bytes that stay the same only until the next ones are requested.

    Raises:
        RemoteError: The file cannot be read any further; what came before is right.
    """
    size = opened.remote.size
    rest = None if size is None else size - opened.offset
    with contextlib.closing(opened):
        if rest is not None and rest < _LEAST_BYTES_AHEAD:
            yield from opened.chunks
        elif rest is None or rest < _LEAST_BYTES_IN_RANGES or not _has_ranges(source, opened):
            yield from _in_one_stream(opened)
        else:
            yield from _in_ranges(source, opened, opened.offset + rest)


def _has_ranges(source: Source, opened: OpenedFile) -> bool:
    # Without a validator, ranges of two versions of the file could not be told apart.
    return source.serves_ranges and opened.remote.validator is not None


def _in_one_stream(opened: OpenedFile) -> Iterator[memoryview]:
    with _Receivers(threads=1, buffer_bytes=_STREAM_BUFFER_BYTES) as receivers:
        receive = functools.partial(_receive_more, receivers, opened)
        for received in itertools.takewhile(len, receivers.in_order(itertools.repeat(receive))):
            yield from _in_chunks(received)


def _in_ranges(source: Source, opened: OpenedFile, end: int) -> Iterator[bytes | memoryview]:
    starts = range(opened.offset + _RANGE_BYTES, end, _RANGE_BYTES)
    with _Receivers(threads=_CONNECTIONS, buffer_bytes=_RANGE_BYTES) as receivers:
        receive = functools.partial(_receive_range, receivers, source, opened.remote.validator)
        spans = (range(start, min(start + _RANGE_BYTES, end)) for start in starts)
        ranges = receivers.in_order(functools.partial(receive, span) for span in spans)
        beyond = yield from _first_bytes(opened.chunks, _RANGE_BYTES)
        if beyond is None:
            return
        try:
            first = next(ranges)
        except RemoteError as error:
            log.info("%s is read over one connection: %s", source.location, error)
        else:
            opened.close()
            for received in itertools.chain([first], ranges):
                yield from _in_chunks(received)
            return
    yield beyond
    yield from _in_one_stream(opened)


def _first_bytes(chunks: Iterator[bytes], size: int) -> Generator[bytes, None, bytes | None]:
    """Yield that many bytes, and return what was received beyond them; None where there were fewer."""
    for chunk in chunks:
        yield chunk[:size]
        if len(chunk) >= size:
            return chunk[size:]
        size -= len(chunk)
    return None


def _in_chunks(received: memoryview) -> Iterator[memoryview]:
    """Yield pieces that stay in the processor's cache while they are written and hashed."""
    for start in range(0, len(received), CHUNK_BYTES):
        yield received[start : start + CHUNK_BYTES]


def _receive_more(receivers: _Receivers, opened: OpenedFile, buffer: memoryview) -> memoryview:
    size = 0
    with receivers.reading(opened):
        while size + CHUNK_BYTES <= len(buffer) and (chunk := next(opened.chunks, b"")):
            buffer[size : size + len(chunk)] = chunk
            size += len(chunk)
    return buffer[:size]


def _receive_range(
    receivers: _Receivers, source: Source, validator: str | None, span: range, buffer: memoryview
) -> memoryview:
    size = 0
    for tries_left in reversed(range(_TRIES)):
        opened = source.open(span.start + size, validator, span.stop)
        with contextlib.closing(opened), receivers.reading(opened):
            if (opened.offset, opened.remote.validator) != (span.start + size, validator):
                raise OBJECT_CHANGED.at(source.location)
            try:
                for chunk in opened.chunks:
                    fitting = chunk[: len(span) - size]
                    buffer[size : size + len(fitting)] = fitting
                    size += len(fitting)
            except RemoteError:
                if receivers.stopped or not tries_left:
                    raise
        if size == len(span):
            return buffer[:size]
    detail = f"{size} of {len(span)} bytes arrived from {span.start} on"
    raise CONNECTION_DROPPED.at(source.location, detail=detail)


class _Receivers:
    """Threads that receive a file, and the connections that they read from; the end of the `with` block ends both."""

    def __init__(self, *, threads: int, buffer_bytes: int) -> None:
        self.stopped = False
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="refinery-receiver")
        # One more, so that no thread waits while the reader reads. They are filled again and again: new ones cost more.
        self._buffers = [memoryview(bytearray(buffer_bytes)) for _ in range(threads + 1)]
        self._running: deque[Future[memoryview]] = deque()
        self._reading: set[OpenedFile] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._running:
            future.cancel()
        with self._lock:
            self.stopped = True
            for opened in self._reading:
                opened.cut()
        hanging = wait(self._running, timeout=_STOP_TIMEOUT).not_done
        self._executor.shutdown(wait=not hanging)

    def in_order(self, tasks: Iterator[Callable[[memoryview], memoryview]]) -> Iterator[memoryview]:
        """Start a task for each buffer; return an iterator over the results of all, which starts the others one by one."""
        for task, buffer in zip(itertools.islice(tasks, len(self._buffers)), self._buffers, strict=False):
            self._running.append(self._executor.submit(task, buffer))
        return self._results(tasks)

    @contextlib.contextmanager
    def reading(self, opened: OpenedFile) -> Iterator[None]:
        """Let a stop cut the connection that the block reads from."""
        with self._lock:
            self._reading.add(opened)
            if self.stopped:
                opened.cut()
        try:
            yield
        finally:
            with self._lock:
                self._reading.remove(opened)

    def _results(self, tasks: Iterator[Callable[[memoryview], memoryview]]) -> Iterator[memoryview]:
        for buffer in itertools.cycle(self._buffers):
            if not self._running:
                return
            wait([self._running[0]])
            yield self._running.popleft().result()
            for task in itertools.islice(tasks, 1):
                self._running.append(self._executor.submit(task, buffer))
