"""Keep small objects in a folder of this machine, to read from S3 only what is new."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import zlib
from typing import TYPE_CHECKING, Self

from refinery.storage.errors import StorageError
from refinery.storage.local_files import new_file
from refinery.storage.objects import read_versioned

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

log = logging.getLogger(__name__)

_SUFFIX = ".z"


class ObjectCache:
    """Objects that were read before, each by its server, URL and ETag; use it in a `with` statement.

    An object that was replaced has another ETag, so a copy is never older than the listing that its ETag comes from. The
    folder may be deleted at any time, and what is damaged in it is read from S3 again.

    Args:
        folder: Where to keep them; made when the first one is kept.
        most_bytes: How much to keep: at the end, what was not used for the longest time is deleted.
    """

    def __init__(self, folder: Path, most_bytes: int = 64_000_000) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # another process may be deleting the same files
            self._delete_oldest()

    def read(self, url: S3Url, etag: str | None, *, client: S3Client) -> bytes | None:
        """Return an object's verified bytes, from the folder if they are there; None if the object is gone.

        Args:
            url: The object, small enough for memory.
            etag: The ETag that it has now, from a listing; None if that is not known.
            client: The client for the object's bucket.

        Raises:
            RemoteError: The object cannot be read.
        """
        if etag and (kept := self._read(self._file(url, etag, client))) is not None:
            return kept
        found = read_versioned(url, client=client)
        if found is None:
            return None
        if found.etag:
            self._keep(self._file(url, found.etag, client), found.content)
        return found.content

    def _file(self, url: S3Url, etag: str, client: S3Client) -> Path:
        identity = json.dumps([client.meta.endpoint_url, url.bucket, url.key, etag])
        return self._folder / f"{hashlib.sha256(identity.encode()).hexdigest()}{_SUFFIX}"

    def _read(self, file: Path) -> bytes | None:
        try:
            content = zlib.decompress(file.read_bytes())  # checks its checksum
            file.touch()
        except (OSError, zlib.error):
            return None
        return content

    def _keep(self, file: Path, content: bytes) -> None:
        try:
            with new_file(file) as opened:
                opened.write(zlib.compress(content))
        except StorageError as error:
            log.debug("Nothing is kept in %s: %s", self._folder, error)

    def _delete_oldest(self) -> None:
        stats = [(file, file.stat()) for file in self._folder.glob(f"*{_SUFFIX}")]
        room = self._most_bytes
        for file, stat in sorted(stats, key=lambda one: one[1].st_mtime_ns, reverse=True):
            room -= stat.st_size
            if room < 0:
                file.unlink(missing_ok=True)
