"""Bring a staged file to its place: copied inside S3 where one server can do it, otherwise through this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from refinery.storage.checksums import stored_checksum
from refinery.storage.errors import DATA_CORRUPTED, AccessDeniedError, NotSupportedError, ObjectNotFoundError
from refinery.storage.local_files import scratch_folder
from refinery.storage.upload import MOST_BYTES_PER_COPY, content_type_of, copy_object, upload_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage.workspace.stage import Stage, StagedFile

log = logging.getLogger(__name__)


def publish_file(
    stage: Stage, file: StagedFile, url: S3Url, *, client: S3Client, most_per_copy: int = MOST_BYTES_PER_COPY
) -> None:
    """Put a staged file under a URL, and verify what lies there.

    Args:
        stage: Where it is staged.
        file: The file.
        url: Where to.
        client: The client for the URL's bucket. It makes the copy, so it must be allowed to read the stage; if it is not, or
            uses another server, the file goes through this machine.
        most_per_copy: Size in bytes above which an object is copied in parts.

    Raises:
        StorageError: The staged object is gone.
        RemoteError: S3 refused, failed or could not be reached, or the copy differs.
    """
    if _is_one_service(stage.client, client):
        try:
            _copy(stage, file, url, client, most_per_copy)
        except ObjectNotFoundError as error:
            raise stage.missing(stage.run.child(file.object)) from error
        except (AccessDeniedError, NotSupportedError) as error:
            log.warning("%s The file is downloaded and uploaded instead of copied.", error)
        else:
            return
    with scratch_folder() as folder:
        path = folder / "file"
        stage.pull_file(file, path)
        upload_file(path, url, client=client, content_type=content_type_of(url.file_name))


def _is_one_service(first: S3Client, second: S3Client) -> bool:
    """Return whether two clients use the same server, or AWS in two regions."""
    endpoints = {client.meta.endpoint_url for client in (first, second)}
    return len(endpoints) == 1 or all(
        (urlsplit(endpoint).hostname or "").endswith(".amazonaws.com") for endpoint in endpoints
    )


def _copy(stage: Stage, file: StagedFile, url: S3Url, client: S3Client, most_per_copy: int) -> None:
    answer = copy_object(
        stage.run.child(file.object),
        url,
        size=file.size,
        etag=file.etag,
        client=client,
        source_client=stage.client,
        most_per_copy=most_per_copy,
    )
    # A copy in parts, or one encrypted with a key, has no MD5; its size and the staged ETag are checked all the same.
    checksum = stored_checksum(url.bucket, answer)
    if checksum and checksum.algorithm == "MD5" and checksum.digest.hex() != file.md5:
        raise DATA_CORRUPTED.at(str(url), endpoint=client.meta.endpoint_url, detail="its MD5 differs")
