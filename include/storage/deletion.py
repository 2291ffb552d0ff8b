"""Deletes objects, many at a request, and uploads that were never finished."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from include.storage.errors import AccessDeniedError, NotSupportedError, ObjectNotFoundError
from include.storage.retry import RetryPolicy
from include.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

log = logging.getLogger(__name__)

# S3's own limit.
_MOST_AT_ONCE = 1000


def delete_objects(urls: Sequence[S3Url], *, client: S3Client, policy: RetryPolicy | None = None) -> None:
    """Delete objects of one bucket; those that are not there are fine.

    Args:
        urls: The objects.
        client: The client for their bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: S3 refused for one of them, failed or could not be reached; some may be deleted.
    """
    retrying = (policy or RetryPolicy()).retrying()
    for start in range(0, len(urls), _MOST_AT_ONCE):
        retrying(_delete_batch, urls[start : start + _MOST_AT_ONCE], client)


def abort_uploads(prefix: S3Url, *, client: S3Client, policy: RetryPolicy | None = None) -> None:
    """Give up the uploads in parts that were begun under a prefix; S3 keeps their parts, and lists them nowhere else.

    Credentials that may not do it, and servers that cannot, are told in the log: a bucket's lifecycle rule does the same.

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
