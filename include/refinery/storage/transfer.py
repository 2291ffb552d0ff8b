"""Receive one remote file: streamed, verified, resumed where the connection broke, restarted where the file changed."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from refinery.storage.errors import (
    CONNECTION_DROPPED,
    DATA_CORRUPTED,
    OBJECT_CHANGED,
    DataCorruptedError,
    ObjectChangedError,
    RequestRefusedError,
)
from refinery.storage.read_ahead import read_ahead

if TYPE_CHECKING:
    from refinery.storage.checksums import RunningChecksum
    from refinery.storage.retry import RetryPolicy
    from refinery.storage.source import OpenedFile, RemoteFile, Source


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that has arrived whole.

    Attributes:
        remote: What the server says about it.
        size: Its size in bytes.
        sha256: The SHA-256 of its bytes, in hex.
    """

    remote: RemoteFile
    size: int
    sha256: str


def receive(source: Source, file: IO[bytes], policy: RetryPolicy) -> ReceivedFile:
    """Write a remote file's verified bytes into `file`.

    Raises:
        RemoteError: It cannot be read; retryable where the attempts ran out.
    """
    transfer = _Transfer(source, file)
    return policy.retrying()(transfer.attempt)


class _Transfer:
    """One transfer's state between attempts: how far it came, and the running checksums."""

    def __init__(self, source: Source, file: IO[bytes]) -> None:
        self._source = source
        self._file = file
        self._restart(None)

    def attempt(self) -> ReceivedFile:
        """Continue where the last attempt ended, or restart where its bytes cannot be used."""
        try:
            remote = self._receive_rest()
            self._verify(remote)
        except (ObjectChangedError, DataCorruptedError):
            self._restart(None)
            raise
        return ReceivedFile(remote, self._size, self._sha256.hexdigest())

    def _restart(self, remote: RemoteFile | None) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._remote = remote
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._checksum: RunningChecksum | None = (
            remote.checksum.start() if remote and remote.checksum else None
        )

    def _receive_rest(self) -> RemoteFile:
        opened = self._open()
        if self._remote is None or opened.offset == 0:
            self._restart(opened.remote)
        elif opened.offset != self._size or opened.remote.validator != self._remote.validator:
            raise OBJECT_CHANGED.at(self._source.location)
        with contextlib.closing(read_ahead(self._source, opened)) as chunks:
            for chunk in chunks:
                self._take(chunk)
        return self._remote or opened.remote

    def _open(self) -> OpenedFile:
        validator = self._remote.validator if self._remote else None
        if not validator or not self._size:
            return self._source.open(0, None)
        try:
            return self._source.open(self._size, validator)
        except RequestRefusedError as error:
            # Some servers answer so when the file is now shorter than what has arrived of it.
            raise OBJECT_CHANGED.at(self._source.location, detail=str(error)) from error

    def _take(self, chunk: bytes | memoryview) -> None:
        self._file.write(chunk)
        self._sha256.update(chunk)
        if self._checksum:
            self._checksum.update(chunk)
        self._size += len(chunk)

    def _verify(self, remote: RemoteFile) -> None:
        location = self._source.location
        if remote.size is not None and self._size < remote.size:
            raise CONNECTION_DROPPED.at(location, detail=f"{self._size} of {remote.size} bytes arrived")
        if remote.size is not None and self._size > remote.size:
            raise DATA_CORRUPTED.at(location, detail=f"{self._size} bytes arrived instead of {remote.size}")
        if remote.checksum and self._checksum and self._checksum.digest() != remote.checksum.digest:
            raise DATA_CORRUPTED.at(location, detail=f"its {remote.checksum.algorithm} differs")
