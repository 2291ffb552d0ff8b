"""Put objects on S3 and check the result: files from this machine, and copies of other objects."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from refinery.storage.errors import DATA_CORRUPTED, ObjectNotFoundError
from refinery.storage.local_files import local_error
from refinery.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

_MEBIBYTE = 1 << 20
# S3's own limit for a copy with one request; larger objects are copied in parts.
MOST_BYTES_PER_COPY = 5 << 30
_COPIED_PART_BYTES = 512 * _MEBIBYTE
_CONTENT_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Pickles, skops, ONNX and everything else.
_BINARY = "application/octet-stream"


def upload_file(path: Path, url: S3Url, *, client: S3Client, content_type: str | None = None) -> str | None:
    """Upload one file, a large one in parts, and check that the object has its size.

    Args:
        path: The file.
        url: The object.
        client: The client for the object's bucket; it retries by itself.
        content_type: Its MIME type; by default derived from the file's name.

    Returns:
        The object's ETag in quotes, or None where the server gives none.

    Raises:
        StorageError: The file cannot be read.
        RemoteError: S3 refused, failed or could not be reached, or stored a different number of bytes.
    """
    from boto3.s3.transfer import TransferConfig

    try:
        size = path.stat().st_size
        with s3_errors(str(url), client):
            client.upload_file(
                str(path),
                url.bucket,
                url.key,
                ExtraArgs={"ContentType": content_type or content_type_of(path.name)},
                # As many connections as a download has, since one is slower than the network; few large parts, which cost a
                # server less, and are still little to send again where one fails.
                Config=TransferConfig(
                    multipart_threshold=64 * _MEBIBYTE, multipart_chunksize=32 * _MEBIBYTE, max_concurrency=8
                ),
            )
    except OSError as error:
        raise local_error(path, error) from error
    etag: str | None = _stored_object(url, size, client=client).get("ETag")
    return etag


def copy_object(
    source: S3Url,
    target: S3Url,
    *,
    size: int,
    etag: str | None,
    client: S3Client,
    source_client: S3Client | None = None,
    most_per_copy: int = MOST_BYTES_PER_COPY,
) -> Any:
    """Copy an object inside S3, and check that the copy has its size.

    Args:
        source: The object.
        target: Where to.
        size: The object's size in bytes.
        etag: The ETag in quotes that it must still have; None where it is not known.
        client: The client for the target's bucket, which makes the copy.
        source_client: The client for the object's bucket; by default the same.
        most_per_copy: Size in bytes above which it is copied in parts.

    Returns:
        What S3 says of the copy.

    Raises:
        ObjectChangedError: The object was replaced.
        RemoteError: S3 refused, failed or could not be reached, or stored a different number of bytes.
    """
    from boto3.s3.transfer import TransferConfig

    options: dict[str, Any] = {
        "ContentType": content_type_of(target.file_name),
        "MetadataDirective": "REPLACE",
    }
    if etag:
        options["CopySourceIfMatch"] = etag
    with s3_errors(f"{source}, copied to {target}", client):
        client.copy(
            {"Bucket": source.bucket, "Key": source.key},
            target.bucket,
            target.key,
            ExtraArgs=options,
            SourceClient=source_client or client,
            Config=TransferConfig(
                multipart_threshold=most_per_copy, multipart_chunksize=min(_COPIED_PART_BYTES, most_per_copy)
            ),
        )
    return _stored_object(target, size, client=client)


def content_type_of(name: str) -> str:
    """Return the MIME type of a model's file."""
    return _CONTENT_TYPES.get(PurePosixPath(name).suffix, _BINARY)


def _stored_object(url: S3Url, size: int, *, client: S3Client) -> Any:
    """Return what S3 says of an object that was just written.

    Raises:
        DataCorruptedError: Its size in bytes differs from what was written, or it is not there.
    """
    endpoint = client.meta.endpoint_url
    try:
        with s3_errors(str(url), client):
            answer = client.head_object(Bucket=url.bucket, Key=url.key)
    except ObjectNotFoundError as error:
        detail = "it was gone just after it was written"
        raise DATA_CORRUPTED.at(str(url), endpoint=endpoint, detail=detail) from error
    if answer["ContentLength"] != size:
        detail = f"{answer['ContentLength']} bytes are stored of {size}"
        raise DATA_CORRUPTED.at(str(url), endpoint=endpoint, detail=detail)
    return answer
