"""Lists objects: those that a pattern such as s3://bucket/folder/*.csv stands for, or all under a prefix."""

from __future__ import annotations

import fnmatch
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.storage.errors import (
    AccessDeniedError,
    ListingDeniedError,
    NoMatchingObjectError,
    TooManyObjectsError,
)
from include.storage.retry import RetryPolicy
from include.storage.s3_errors import s3_errors
from include.urls import WILDCARD, S3Url

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

log = logging.getLogger(__name__)

# Each takes a request; so many are most often a pattern that is too wide.
MOST_OBJECTS = 10_000

# In the error when nothing fits.
_NAMED_OTHERS = 3


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing tells of it.

    Attributes:
        key: Its key.
        size: Its size in bytes.
        last_modified: When it was written.
    """

    key: str
    size: int
    last_modified: dt.datetime


def list_prefix(
    prefix: S3Url, *, client: S3Client, policy: RetryPolicy | None = None
) -> Iterator[ListedObject]:
    """Yield every object under a prefix, subfolders included, at a request for each thousand.

    Args:
        prefix: What the keys begin with.
        client: The client for the bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The bucket cannot be listed; retryable where trying again later may help.
    """
    for item in _items(prefix, prefix.key, client, policy or RetryPolicy()):
        yield ListedObject(item["Key"], item["Size"], item["LastModified"])


def list_objects(
    pattern: S3Url, *, client: S3Client, policy: RetryPolicy | None = None, most: int = MOST_OBJECTS
) -> list[S3Url]:
    """Return the objects whose keys fit a pattern, sorted by key so that the order of rows is always the same.

    A ``*`` stands for any text within the last part of the key, no other character is special, and subfolders
    are not entered.

    Args:
        pattern: An S3 URL with ``*`` in the last part of its key.
        client: The client for the bucket.
        policy: How often and how patiently to try again.
        most: Most objects that may fit.

    Raises:
        NoMatchingObjectError: No key fits.
        TooManyObjectsError: More than `most` keys fit.
        RemoteError: The bucket cannot be listed; retryable where trying again later may help.
    """
    prefix = pattern.key.partition(WILDCARD)[0]
    fits = _expression(pattern.key)
    fitting: list[str] = []
    others: list[str] = []
    for key in _keys(pattern, prefix, client, policy or RetryPolicy()):
        if fits.fullmatch(key):
            fitting.append(key)
        elif len(others) < _NAMED_OTHERS:
            others.append(key)
        if len(fitting) > most:
            raise TooManyObjectsError(pattern, most, endpoint=client.meta.endpoint_url)
    if not fitting:
        raise NoMatchingObjectError(pattern, prefix, others, endpoint=client.meta.endpoint_url)
    log.info("%s stands for %d objects.", pattern, len(fitting))
    return [S3Url(pattern.bucket, key, pattern.region) for key in sorted(fitting)]


def _expression(pattern: str) -> re.Pattern[str]:
    """Make what keys are compared with; fnmatch takes no longer for many stars, as a plain expression would."""
    only_stars = re.sub(r"[?[]", r"[\g<0>]", pattern)
    return re.compile(fnmatch.translate(only_stars))


def _keys(pattern: S3Url, prefix: str, client: S3Client, policy: RetryPolicy) -> Iterator[str]:
    """Yield the keys that begin with a prefix, without those in subfolders and the folder's own marker."""
    items = _items(pattern, prefix, client, policy, Delimiter="/")
    return (item["Key"] for item in items if not item["Key"].endswith("/"))


def _items(
    url: S3Url, prefix: str, client: S3Client, policy: RetryPolicy, **options: Any
) -> Iterator[ObjectTypeDef]:
    token: str | None = ""
    while token is not None:
        start = {"ContinuationToken": token} if token else {}
        page = policy.retrying()(_page, url, client, Prefix=prefix, **start, **options)
        yield from page.get("Contents", [])
        token = page.get("NextContinuationToken")


def _page(url: S3Url, client: S3Client, **options: Any) -> ListObjectsV2OutputTypeDef:
    try:
        with s3_errors(str(url), client):
            return client.list_objects_v2(Bucket=url.bucket, **options)
    except AccessDeniedError as error:
        raise ListingDeniedError(error.location, endpoint=error.endpoint, detail=error.detail) from error
