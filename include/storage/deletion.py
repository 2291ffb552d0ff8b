"""Deletes objects, many at a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

# S3's own limit.
_MOST_AT_ONCE = 1000


def delete_objects(urls: Sequence[S3Url], *, client: S3Client) -> None:
    """Delete objects of one bucket; those that are not there are fine.

    Raises:
        RemoteError: S3 refused for one of them, failed or could not be reached; some may be deleted.
    """
    from botocore.exceptions import ClientError

    for start in range(0, len(urls), _MOST_AT_ONCE):
        batch = urls[start : start + _MOST_AT_ONCE]
        with s3_errors(str(batch[0]), client):
            answer = client.delete_objects(
                Bucket=batch[0].bucket,
                Delete={"Objects": [{"Key": url.key} for url in batch], "Quiet": True},
            )
        for refused in answer.get("Errors", []):
            with s3_errors(f"s3://{batch[0].bucket}/{refused.get('Key', '')}", client):
                code, message = refused.get("Code", ""), refused.get("Message", "")
                raise ClientError({"Error": {"Code": code, "Message": message}}, "DeleteObjects")
