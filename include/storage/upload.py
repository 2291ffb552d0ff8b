"""Uploads files, and trained models file by file."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from include.storage.errors import (
    DataCorruptedError,
    LocalFileError,
    NoModelError,
    ObjectNotFoundError,
    UnsafeWorkspaceError,
)
from include.storage.model_prefix import MANIFEST, replace_model
from include.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from pathlib import Path

    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3 import S3Client

    from include.storage.retry import RetryPolicy
    from include.urls import S3Url

_MEBIBYTE = 1 << 20
_CONTENT_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Pickles, skops, ONNX and all else.
_BINARY = "application/octet-stream"


def upload_model(
    files_dir: Path, prefix: S3Url, *, client: S3Client, policy: RetryPolicy | None = None
) -> list[str]:
    """Upload a model's files under a prefix, in the way that `replace_model` does.

    Args:
        files_dir: The folder that training filled, with a `manifest.json`.
        prefix: Where to, its key ending with "/" or empty.
        client: The client for the prefix's bucket; it retries requests by itself.
        policy: How often and how patiently to try each file again, beside that.

    Returns:
        The URLs of the uploaded objects, in the order of their upload.

    Raises:
        NoModelError: The folder holds no model.
        UnsafeWorkspaceError: A link leads out of the folder.
        RemoteError: S3 refused, failed or could not be reached; retryable where trying again later may help.
    """

    def put(name: str, url: S3Url) -> None:
        upload_file(files_dir / name, url, client=client)

    return replace_model(_model_files(files_dir), prefix, put=put, client=client, policy=policy)


def upload_file(path: Path, url: S3Url, *, client: S3Client, content_type: str | None = None) -> str | None:
    """Upload one file, large ones in parts, and look whether the object has its size.

    Args:
        path: The file.
        url: The object.
        client: The client for the object's bucket; it retries by itself.
        content_type: Its MIME type; by default told from the file's name.

    Returns:
        The object's ETag in quotes, or None where the server gives none.

    Raises:
        LocalFileError: The file cannot be read.
        RemoteError: S3 refused, failed or could not be reached, or stored another number of bytes.
    """
    try:
        size = path.stat().st_size
        with s3_errors(str(url), client):
            client.upload_file(
                str(path),
                url.bucket,
                url.key,
                ExtraArgs={"ContentType": content_type or content_type_of(path.name)},
                Config=_transfer_config(),
            )
    except OSError as error:
        raise LocalFileError(path, error.strerror or str(error)) from error
    etag: str | None = stored_object(url, size, client=client).get("ETag")
    return etag


def stored_object(url: S3Url, size: int, *, client: S3Client) -> Any:
    """Return what S3 says of an object that was just written.

    Raises:
        DataCorruptedError: It has another size, in bytes, than was written, or is not there.
    """
    endpoint = client.meta.endpoint_url
    try:
        with s3_errors(str(url), client):
            answer = client.head_object(Bucket=url.bucket, Key=url.key)
    except ObjectNotFoundError as error:
        detail = "it was gone just after it was written"
        raise DataCorruptedError(str(url), endpoint=endpoint, detail=detail) from error
    if answer["ContentLength"] != size:
        detail = f"{answer['ContentLength']} bytes are stored of {size}"
        raise DataCorruptedError(str(url), endpoint=endpoint, detail=detail)
    return answer


def content_type_of(name: str) -> str:
    """Return the MIME type of a model's file."""
    return _CONTENT_TYPES.get(PurePosixPath(name).suffix, _BINARY)


def _model_files(folder: Path) -> list[str]:
    """Return the files' names relative to the folder; a link among them must not lead out of it."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for path in paths:
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise UnsafeWorkspaceError(path)
    names = [path.relative_to(folder).as_posix() for path in paths]
    if not names:
        raise NoModelError(folder)
    if MANIFEST not in names:
        raise NoModelError(folder, MANIFEST)
    return names


def _transfer_config() -> TransferConfig:
    from boto3.s3.transfer import TransferConfig

    # Few large parts: less overhead on fast lines, and still little to send again where a part fails.
    return TransferConfig(
        multipart_threshold=64 * _MEBIBYTE, multipart_chunksize=32 * _MEBIBYTE, max_concurrency=4
    )
