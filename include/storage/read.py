"""Reads small objects, such as manifests, into memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from include.storage.retry import RetryPolicy
from include.storage.s3_source import S3Source
from include.storage.transfer import receive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url


def read_object(url: S3Url, *, client: S3Client, policy: RetryPolicy | None = None) -> bytes:
    """Return an object's verified bytes.

    Args:
        url: The object, small enough for memory.
        client: The client for the object's bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The object cannot be had.
    """
    buffer = io.BytesIO()
    receive(S3Source(url, client), buffer, policy or RetryPolicy())
    return buffer.getvalue()
