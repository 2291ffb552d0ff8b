"""List objects: those that a pattern such as s3://bucket/folder/*.csv matches, or all under a prefix."""

from __future__ import annotations

import fnmatch
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.urls import WILDCARD, S3Url
from refinery.storage.errors import LISTING_DENIED, NO_MATCH, TOO_MANY_MATCHES, AccessDeniedError
from refinery.storage.retry import RetryPolicy
from refinery.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

log = logging.getLogger(__name__)

# Each takes a request; more than this is usually a pattern that is too wide.
MOST_OBJECTS = 10_000

# In the error when nothing matches.
_NAMED_OTHERS = 3


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing describes it.

    Attributes:
        key: Its key.
        size: Its size in bytes.
        last_modified: When it was written.
        etag: Its ETag in quotes, or None where the server gives none.
    """

    key: str
    size: int
    last_modified: dt.datetime
    etag: str | None = None


def list_prefix(
    prefix: S3Url, *, client: S3Client, policy: RetryPolicy | None = None, after: str = ""
) -> Iterator[ListedObject]:
    """Yield every object under a prefix, subfolders included, with one request per thousand.

    Args:
        prefix: What the keys begin with.
        client: The client for the bucket.
        policy: How often and how patiently to try again.
        after: Leave out the keys that sort before this one.

    Raises:
        RemoteError: The bucket cannot be listed; retryable where trying again later may help.
    """
    options = {"StartAfter": after} if after else {}
    for item in _items(prefix, prefix.key, client, policy or RetryPolicy(), **options):
        yield ListedObject(item["Key"], item["Size"], item["LastModified"], item.get("ETag"))


def list_objects(
    pattern: S3Url, *, client: S3Client, policy: RetryPolicy | None = None, most: int = MOST_OBJECTS
) -> list[S3Url]:
    """Return the objects whose keys match a pattern, sorted by key so that the order of rows is always the same.

    A ``*`` stands for any text within the last part of the key, no other character is special, and subfolders
    are not entered.

    Args:
        pattern: An S3 URL with ``*`` in the last part of its key.
        client: The client for the bucket.
        policy: How often and how patiently to try again.
        most: Most objects that may match.

    Raises:
        ObjectNotFoundError: No key matches.
        RemoteError: More than `most` keys match, or the bucket cannot be listed; retryable where trying again later may help.
    """
    prefix = pattern.key.partition(WILDCARD)[0]
    matches = _expression(pattern.key)
    matching: list[str] = []
    others: list[str] = []
    for key in _keys(pattern, prefix, client, policy or RetryPolicy()):
        if matches.fullmatch(key):
            matching.append(key)
        elif len(others) < _NAMED_OTHERS:
            others.append(key)
        if len(matching) > most:
            raise TOO_MANY_MATCHES.at(
                str(pattern), endpoint=client.meta.endpoint_url, detail=f"more than {most:,}"
            )
    if not matching:
        held = f"holds {', '.join(others)}" if others else "holds nothing"
        detail = f'bucket "{pattern.bucket}" {held} under prefix "{prefix}", looked for "{pattern.file_name}"'
        raise NO_MATCH.at(str(pattern), endpoint=client.meta.endpoint_url, detail=detail)
    log.info("%s matches %d objects.", pattern, len(matching))
    return [S3Url(pattern.bucket, key, pattern.region) for key in sorted(matching)]


def _expression(pattern: str) -> re.Pattern[str]:
    """Compile the pattern; many stars take fnmatch no longer, unlike a plain regular expression."""
    only_stars = re.sub(r"[?[]", r"[\g<0>]", pattern)
    return re.compile(fnmatch.translate(only_stars))


def _keys(pattern: S3Url, prefix: str, client: S3Client, policy: RetryPolicy) -> Iterator[str]:
    """Yield the keys that begin with a prefix, without those in subfolders and the folder's marker."""
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
        raise LISTING_DENIED.instead_of(error) from error
