"""Brings a staged file to its place: copied inside S3 where one server can do it, else by way of this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.storage.checksums import stored_checksum
from include.storage.errors import (
    AccessDeniedError,
    DataCorruptedError,
    NotSupportedError,
    ObjectNotFoundError,
)
from include.storage.s3_errors import s3_errors
from include.storage.upload import content_type_of, stored_object, upload_file
from include.storage.workspace.scratch import scratch_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.storage.workspace.stage import Stage, StagedFile
    from include.urls import S3Url

log = logging.getLogger(__name__)

# S3's own limit for a copy by one request; larger objects are copied in parts.
MOST_BYTES_AT_ONCE = 5 << 30
_PART_BYTES = 512 << 20


def publish_file(
    stage: Stage, file: StagedFile, url: S3Url, *, client: S3Client, most_at_once: int = MOST_BYTES_AT_ONCE
) -> None:
    """Put a staged file under a URL, and verify what lies there.

    Args:
        stage: Where it is staged.
        file: The file.
        url: Where to.
        client: The client for the URL's bucket. It makes the copy, and so must be allowed to read the stage; where it is not, or
            talks to another server, the file goes by way of this machine.
        most_at_once: Size in bytes above which an object is copied in parts.

    Raises:
        StageUnreadableError: The staged object is gone.
        RemoteError: S3 refused, failed or could not be reached, or the copy is another.
    """
    if _is_one_service(stage.client, client):
        try:
            _copy(stage, file, url, client, most_at_once)
        except ObjectNotFoundError as error:
            raise stage.lacks(stage.run.child(file.object)) from error
        except (AccessDeniedError, NotSupportedError) as error:
            log.warning("%s The file is downloaded and uploaded instead of copied.", error)
        else:
            return
    with scratch_folder() as folder:
        path = folder / "file"
        stage.pull_file(file, path)
        upload_file(path, url, client=client, content_type=content_type_of(url.file_name))


def _is_one_service(first: S3Client, second: S3Client) -> bool:
    """Tell whether two clients talk to the same server, or to AWS in two regions."""
    endpoints = {client.meta.endpoint_url for client in (first, second)}
    return len(endpoints) == 1 or all(
        (urlsplit(endpoint).hostname or "").endswith(".amazonaws.com") for endpoint in endpoints
    )


def _copy(stage: Stage, file: StagedFile, url: S3Url, client: S3Client, most_at_once: int) -> None:
    from boto3.s3.transfer import TransferConfig

    source = stage.run.child(file.object)
    options: dict[str, Any] = {"ContentType": content_type_of(url.file_name), "MetadataDirective": "REPLACE"}
    if file.etag:
        options["CopySourceIfMatch"] = file.etag
    with s3_errors(f"{source}, copied to {url}", client):
        client.copy(
            {"Bucket": source.bucket, "Key": source.key},
            url.bucket,
            url.key,
            ExtraArgs=options,
            SourceClient=stage.client,
            Config=TransferConfig(
                multipart_threshold=most_at_once, multipart_chunksize=_part_bytes(most_at_once)
            ),
        )
    answer = stored_object(url, file.size, client=client)
    # A copy in parts, or one that is encrypted by a key, has no MD5; its size, and that it was made of what was staged, remain.
    checksum = stored_checksum(url.bucket, answer)
    if checksum and checksum.algorithm == "MD5" and checksum.digest.hex() != file.md5:
        raise DataCorruptedError(str(url), endpoint=client.meta.endpoint_url, detail="its MD5 is another")


def _part_bytes(most_at_once: int) -> int:
    return min(_PART_BYTES, most_at_once)
