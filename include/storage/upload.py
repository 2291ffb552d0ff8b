"""Uploads a trained model so that a prefix with a manifest always holds a whole model."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from include.storage.errors import (
    AccessDeniedError,
    DataCorruptedError,
    LocalFileError,
    NoModelError,
    ObjectNotFoundError,
)
from include.storage.read import read_object
from include.storage.s3_errors import s3_errors
from include.urls import S3Url

if TYPE_CHECKING:
    from pathlib import Path

    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3 import S3Client

    from include.storage.retry import RetryPolicy

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"

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
    """Upload a model's files under a prefix, the manifest last, in place of the model that was there.

    The former manifest is deleted first, so that a kill at any moment leaves a prefix with a manifest and the whole model that it
    describes, or one without a manifest, which is no model. What the former manifest names and the new model has not is
    deleted; other objects under the prefix are left alone.

    Args:
        files_dir: The folder that training filled, with a `manifest.json`.
        prefix: Where to, its key ending with "/" or empty.
        client: The client for the prefix's bucket; it retries uploads by itself.
        policy: How often and how patiently to try to read the former manifest.

    Returns:
        The URLs of the uploaded objects, in the order of their upload.

    Raises:
        NoModelError: The folder holds no model.
        RemoteError: S3 refused, failed or could not be reached; retryable where trying again later may help.
    """
    names = _model_files(files_dir)
    for stale in _clear_former_model(prefix, names, client, policy):
        log.info("Deleted %s, which belonged to the former model.", stale)
    urls = []
    for name in names:
        url = _under(prefix, name)
        _upload(files_dir / name, url, client)
        urls.append(str(url))
    return urls


def _model_files(folder: Path) -> list[str]:
    """Return the files' names relative to the folder, the manifest last."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if not names:
        raise NoModelError(folder)
    if MANIFEST not in names:
        raise NoModelError(folder, MANIFEST)
    names.remove(MANIFEST)
    return [*names, MANIFEST]


def _clear_former_model(
    prefix: S3Url, names: list[str], client: S3Client, policy: RetryPolicy | None
) -> list[S3Url]:
    """Delete the former manifest, then what it names and the new model has not."""
    manifest = _under(prefix, MANIFEST)
    try:
        former = _files_of(manifest, read_object(manifest, client=client, policy=policy))
    except ObjectNotFoundError:
        return []
    except AccessDeniedError:
        # So S3 answers for a missing object to those who may write but not list.
        former = []
    stale = [_under(prefix, name) for name in former if name not in names]
    for url in (manifest, *stale):
        with s3_errors(str(url), client):
            client.delete_object(Bucket=url.bucket, Key=url.key)
    return stale


def _files_of(manifest: S3Url, content: bytes) -> list[str]:
    try:
        return [str(name) for name in json.loads(content)["files"]]
    except (ValueError, KeyError, TypeError):
        log.warning("%s is damaged: the files that it named stay where they are.", manifest)
        return []


def _upload(path: Path, url: S3Url, client: S3Client) -> None:
    content_type = _CONTENT_TYPES.get(path.suffix, _BINARY)
    try:
        size = path.stat().st_size
        with s3_errors(str(url), client):
            client.upload_file(
                str(path),
                url.bucket,
                url.key,
                ExtraArgs={"ContentType": content_type},
                Config=_transfer_config(),
            )
            stored = client.head_object(Bucket=url.bucket, Key=url.key)["ContentLength"]
    except OSError as error:
        raise LocalFileError(path, error.strerror or str(error)) from error
    if stored != size:
        raise DataCorruptedError(
            str(url), endpoint=client.meta.endpoint_url, detail=f"{stored} bytes are stored of {size}"
        )


def _transfer_config() -> TransferConfig:
    from boto3.s3.transfer import TransferConfig

    # Few large parts: less overhead on fast lines, and still little to send again where a part fails.
    return TransferConfig(
        multipart_threshold=64 * _MEBIBYTE, multipart_chunksize=32 * _MEBIBYTE, max_concurrency=4
    )


def _under(prefix: S3Url, name: str) -> S3Url:
    return S3Url(prefix.bucket, prefix.key + name, prefix.region)
