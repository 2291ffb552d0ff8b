"""Replaces a small object on S3 only where no one else has done so since it was read."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.storage.errors import (
    NotSupportedError,
    ObjectChangedError,
    ObjectNotFoundError,
    WriteConflictError,
)
from include.storage.retry import RetryPolicy
from include.storage.s3_errors import s3_errors
from include.storage.s3_source import S3Source
from include.storage.transfer import receive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VersionedObject:
    """An object's bytes, and what tells them from those that another writer puts there.

    Attributes:
        content: Its bytes.
        etag: Its ETag in quotes, or None where the server gave none.
    """

    content: bytes
    etag: str | None


def read_versioned(
    url: S3Url, *, client: S3Client, policy: RetryPolicy | None = None
) -> VersionedObject | None:
    """Read an object so that it can be replaced afterwards; None where there is none.

    Args:
        url: The object, small enough for memory.
        client: The client for the object's bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The object cannot be had.
    """
    buffer = io.BytesIO()
    try:
        received = receive(S3Source(url, client), buffer, policy or RetryPolicy())
    except ObjectNotFoundError:
        return None
    return VersionedObject(buffer.getvalue(), received.remote.validator)


def replace_object(
    url: S3Url, content: bytes, *, former: VersionedObject | None, client: S3Client, content_type: str
) -> None:
    """Write an object in place of the one that was read, provided that it is still that one.

    Some servers know no conditions: those that ignore them, or refuse them, write whatever stands there, and of two writers at
    once the last one prevails.

    Args:
        url: The object.
        content: What to write.
        former: What `read_versioned` gave.
        client: The client for the object's bucket.
        content_type: Its MIME type.

    Raises:
        WriteConflictError: Another writer was faster; read again, and decide again.
        RemoteError: S3 refused, failed or could not be reached.
    """
    try:
        _put(url, content, content_type, client, _unchanged_since(former))
    except (ObjectChangedError, ObjectNotFoundError) as error:
        raise WriteConflictError(error.location, endpoint=error.endpoint, detail=error.detail) from error
    except NotSupportedError:
        log.warning("The server of %s knows no conditional writes: another writer may be lost.", url)
        _put(url, content, content_type, client, {})


def _unchanged_since(former: VersionedObject | None) -> dict[str, str]:
    if former is None:
        return {"IfNoneMatch": "*"}
    return {"IfMatch": former.etag} if former.etag else {}


def _put(url: S3Url, content: bytes, content_type: str, client: S3Client, condition: Any) -> None:
    with s3_errors(str(url), client):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=content, ContentType=content_type, **condition)
