"""The source of a file, and what its server reports about it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import BaseHTTPResponse

    from refinery.storage.checksums import Checksum

# Large enough that Python's share of the work is small, small enough to be written and hashed in the processor's cache.
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What a server says about a file.

    Attributes:
        size: Its size in bytes, where the server gives it.
        validator: What changes whenever the file does, to resume with; None where a transfer must restart.
        etag: Its ETag without quotes.
        version_id: Its version, where a bucket keeps versions.
        last_modified: When it was written, in ISO 8601.
        encoding: The compression that the server added, such as "gzip".
        checksum: The checksum of its bytes that the server stores.
    """

    size: int | None
    validator: str | None
    etag: str | None = None
    version_id: str | None = None
    last_modified: str | None = None
    encoding: str | None = None
    checksum: Checksum | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenedFile:
    """A remote file whose bytes are coming.

    Attributes:
        remote: What the server says about it.
        offset: The position of the first byte that comes.
        chunks: The bytes; raises a RemoteError where they end too early.
        response: Where the bytes come from.
    """

    remote: RemoteFile
    offset: int
    chunks: Iterator[bytes]
    response: BaseHTTPResponse

    def close(self) -> None:
        """Close the connection, unless all bytes have come and another request may use it."""
        self.response.close()

    def cut(self) -> None:
        """Let no more bytes come, so that a thread that waits for them ends with an error."""
        with contextlib.suppress(ValueError, RuntimeError):  # all bytes have come
            self.response.shutdown()


class Source(Protocol):
    """Where a file comes from: S3 or a web server."""

    @property
    def location(self) -> str:
        """The file's URL, for errors."""

    @property
    def serves_ranges(self) -> bool:
        """Whether several ranges may be requested at the same time."""

    def open(self, offset: int, validator: str | None, end: int | None = None) -> OpenedFile:
        """Request the file from an offset on, provided that it still has this validator.

        Args:
            offset: The position of the first byte to send.
            validator: The validator; None where the offset is 0.
            end: The position after the last byte to send; None for the rest of the file.

        Raises:
            RemoteError: The server refuses, fails or cannot be reached; ObjectChangedError if the file was replaced.
        """
