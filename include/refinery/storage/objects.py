"""Read, replace and delete objects, without overwriting what another writer changed in between."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.storage.errors import (
    WRITE_CONFLICT,
    AccessDeniedError,
    NotSupportedError,
    ObjectChangedError,
    ObjectNotFoundError,
)
from refinery.storage.retry import RetryPolicy
from refinery.storage.s3_errors import s3_errors
from refinery.storage.s3_source import S3Source
from refinery.storage.transfer import receive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

log = logging.getLogger(__name__)

# Of an object that is read into memory: a manifest of 1,000 columns has 160 kB.
_LARGEST = 20_000_000
# S3's own limit.
_MOST_PER_REQUEST = 1000


@dataclass(frozen=True, slots=True)
class VersionedObject:
    """An object's bytes, and what distinguishes them from those that another writer puts there.

    Attributes:
        content: Its bytes.
        etag: Its ETag in quotes, or None where the server gave none.
    """

    content: bytes
    etag: str | None


def object_size(url: S3Url, *, client: S3Client, policy: RetryPolicy | None = None) -> int | None:
    """Return an object's size in bytes; None where it is not there.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """

    def ask() -> int:
        with s3_errors(str(url), client):
            return int(client.head_object(Bucket=url.bucket, Key=url.key)["ContentLength"])

    try:
        return (policy or RetryPolicy()).retrying()(ask)
    except ObjectNotFoundError:
        return None


def is_unchanged(url: S3Url, etag: str, *, client: S3Client, policy: RetryPolicy | None = None) -> bool:
    """Return whether an object still has an ETag, with one request that has no body.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """

    def ask() -> str:
        with s3_errors(str(url), client):
            return str(client.head_object(Bucket=url.bucket, Key=url.key).get("ETag", ""))

    try:
        present = (policy or RetryPolicy()).retrying()(ask)
    except ObjectNotFoundError:
        return False
    return present.strip('"') == etag.strip('"')


def read_object(url: S3Url, *, client: S3Client, policy: RetryPolicy | None = None) -> bytes:
    """Return an object's verified bytes.

    Args:
        url: The object, small enough for memory.
        client: The client for the object's bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The object cannot be read.
    """
    return _read(url, client, policy).content


def read_versioned(
    url: S3Url, *, client: S3Client, policy: RetryPolicy | None = None
) -> VersionedObject | None:
    """Read an object so that it can be replaced afterwards; return None where there is none.

    Args:
        url: The object, small enough for memory.
        client: The client for the object's bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The object cannot be read.
    """
    try:
        return _read(url, client, policy)
    except ObjectNotFoundError:
        return None


def put_object(url: S3Url, content: bytes, *, client: S3Client, content_type: str, **condition: Any) -> None:
    """Write a small object with one request.

    Args:
        url: The object.
        content: What to write.
        client: The client for the object's bucket.
        content_type: Its MIME type.
        condition: What must hold of the object that is there, in S3's words.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """
    with s3_errors(str(url), client):
        client.put_object(Bucket=url.bucket, Key=url.key, Body=content, ContentType=content_type, **condition)


def replace_object(
    url: S3Url, content: bytes, *, former: VersionedObject | None, client: S3Client, content_type: str
) -> None:
    """Write an object in place of the one that was read, provided that it is still that one.

    Servers without conditional writes, which ignore or refuse the condition, overwrite whatever is there: of two concurrent
    writers, the last one wins.

    Args:
        url: The object.
        content: What to write.
        former: What `read_versioned` returned.
        client: The client for the object's bucket.
        content_type: Its MIME type.

    Raises:
        WriteConflictError: Another writer was faster; read again, and decide again.
        RemoteError: S3 refused, failed or could not be reached.
    """
    try:
        put_object(url, content, client=client, content_type=content_type, **_unchanged_since(former))
    except (ObjectChangedError, ObjectNotFoundError) as error:
        raise WRITE_CONFLICT.instead_of(error) from error
    except NotSupportedError:
        log.warning("The server of %s has no conditional writes: another writer's change may be lost.", url)
        put_object(url, content, client=client, content_type=content_type)


def delete_unchanged(url: S3Url, former: VersionedObject, *, client: S3Client) -> None:
    """Delete an object, provided that it is still the one that was read; one that is gone already is fine.

    Args:
        url: The object.
        former: What `read_versioned` returned.
        client: The client for the object's bucket.

    Raises:
        WriteConflictError: Another writer was faster; read again, and decide again.
        RemoteError: S3 refused, failed or could not be reached.
    """
    try:
        delete_object(url, client=client, **_unchanged_since(former))
    except ObjectChangedError as error:
        raise WRITE_CONFLICT.instead_of(error) from error
    except ObjectNotFoundError:
        return
    except NotSupportedError:
        log.warning("The server of %s has no conditional deletes: another writer's change may be lost.", url)
        delete_object(url, client=client)


def delete_object(url: S3Url, *, client: S3Client, **condition: Any) -> None:
    """Delete one object with one request; one that is not there is fine.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """
    with s3_errors(str(url), client):
        client.delete_object(Bucket=url.bucket, Key=url.key, **condition)


def delete_objects(urls: Sequence[S3Url], *, client: S3Client, policy: RetryPolicy | None = None) -> None:
    """Delete objects of one bucket, many with each request; those that are not there are fine.

    Args:
        urls: The objects.
        client: The client for their bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: S3 refused to delete one of them, failed or could not be reached; some may be deleted.
    """
    retrying = (policy or RetryPolicy()).retrying()
    for start in range(0, len(urls), _MOST_PER_REQUEST):
        retrying(_delete_batch, urls[start : start + _MOST_PER_REQUEST], client)


def abort_uploads(prefix: S3Url, *, client: S3Client, policy: RetryPolicy | None = None) -> None:
    """Abort the multipart uploads that were begun under a prefix; S3 keeps their parts, and lists them nowhere else.

    Missing permissions, and servers that cannot do it, are only logged: a bucket's lifecycle rule does the same.

    Args:
        prefix: What their keys begin with.
        client: The client for the bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: S3 failed or could not be reached.
    """
    try:
        (policy or RetryPolicy()).retrying()(_abort_uploads, prefix, client)
    except (AccessDeniedError, NotSupportedError, ObjectNotFoundError) as error:
        log.info("Unfinished uploads stay where they are: %s", error)


def _read(url: S3Url, client: S3Client, policy: RetryPolicy | None) -> VersionedObject:
    buffer = io.BytesIO()
    received = receive(S3Source(url, client, most_bytes=_LARGEST), buffer, policy or RetryPolicy())
    return VersionedObject(buffer.getvalue(), received.remote.validator)


def _unchanged_since(former: VersionedObject | None) -> dict[str, str]:
    if former is None:
        return {"IfNoneMatch": "*"}
    return {"IfMatch": former.etag} if former.etag else {}


def _delete_batch(urls: Sequence[S3Url], client: S3Client) -> None:
    from botocore.exceptions import ClientError

    bucket = urls[0].bucket
    with s3_errors(str(urls[0]), client):
        answer = client.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": url.key} for url in urls], "Quiet": True}
        )
    for refused in answer.get("Errors", []):
        with s3_errors(f"s3://{bucket}/{refused.get('Key', '')}", client):
            code, message = refused.get("Code", ""), refused.get("Message", "")
            raise ClientError({"Error": {"Code": code, "Message": message}}, "DeleteObjects")


def _abort_uploads(prefix: S3Url, client: S3Client) -> None:
    with s3_errors(str(prefix), client):
        begun = client.list_multipart_uploads(Bucket=prefix.bucket, Prefix=prefix.key).get("Uploads", [])
        for upload in begun:
            client.abort_multipart_upload(
                Bucket=prefix.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
