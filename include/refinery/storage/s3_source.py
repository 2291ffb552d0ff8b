"""An object on S3 as the source of a transfer."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from refinery.storage.checksums import stored_checksum
from refinery.storage.errors import TOO_LARGE
from refinery.storage.s3_errors import s3_errors
from refinery.storage.source import CHUNK_BYTES, OpenedFile, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url


class S3Source:
    """Read one object with streamed GetObject requests.

    Args:
        url: The object.
        client: The client for its bucket.
        most_bytes: A larger object is refused before its body is read; None reads any.
    """

    serves_ranges = True

    def __init__(self, url: S3Url, client: S3Client, *, most_bytes: int | None = None) -> None:
        self._url = url
        self._client = client
        self._most_bytes = most_bytes

    @property
    def location(self) -> str:
        """The object's URL."""
        return str(self._url)

    def open(self, offset: int, validator: str | None, end: int | None = None) -> OpenedFile:
        """Request the object from an offset on, provided that its ETag has not changed."""
        # Parts have no stored checksum, so only the whole object is requested with it.
        conditions: dict[str, Any] = {"ChecksumMode": "ENABLED"}
        if offset and validator:
            last = "" if end is None else end - 1
            conditions = {"Range": f"bytes={offset}-{last}", "IfMatch": validator}
        with s3_errors(self.location, self._client):
            response = self._client.get_object(Bucket=self._url.bucket, Key=self._url.key, **conditions)
        start, size = _extent(response)
        body = response["Body"]
        if self._most_bytes is not None and size > self._most_bytes:
            body.close()
            raise TOO_LARGE.at(self.location, detail=f"{size:,} bytes; at most {self._most_bytes:,} are read")
        # What a `with` statement would give: urllib3's response, which can be cut from another thread.
        raw: Any = ExitStack().enter_context(body)
        return OpenedFile(self._remote_file(response, size), start, self._chunks(body), raw)

    def _remote_file(self, response: Any, size: int) -> RemoteFile:
        etag = response.get("ETag", "").strip('"') or None
        return RemoteFile(
            size=size,
            validator=f'"{etag}"' if etag else None,
            etag=etag,
            version_id=response.get("VersionId"),
            last_modified=response["LastModified"].isoformat() if "LastModified" in response else None,
            encoding=response.get("ContentEncoding"),
            checksum=stored_checksum(self._url.bucket, response),
        )

    def _chunks(self, body: StreamingBody) -> Iterator[bytes]:
        with s3_errors(self.location, self._client):
            yield from body.iter_chunks(CHUNK_BYTES)


def _extent(response: Any) -> tuple[int, int]:
    """Return where the body starts, and the size of the whole object."""
    if "ContentRange" not in response:
        return 0, response["ContentLength"]
    extent, _, size = response["ContentRange"].removeprefix("bytes ").partition("/")
    return int(extent.partition("-")[0]), int(size)
