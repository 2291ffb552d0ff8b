"""Download a run's dataset, of one file or several, and single objects to verified local files."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.spec.urls import S3Url
from refinery.storage.errors import OBJECT_CHANGED, ObjectNotFoundError
from refinery.storage.http_source import HttpSource
from refinery.storage.identity import DatasetIdentity
from refinery.storage.listing import list_objects
from refinery.storage.local_files import new_file
from refinery.storage.open_ahead import open_ahead
from refinery.storage.retry import RetryPolicy
from refinery.storage.s3_source import S3Source
from refinery.storage.transfer import ReceivedFile, receive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import HttpUrl
    from refinery.storage.source import Source

log = logging.getLogger(__name__)

# Common file systems take 255 bytes in a name.
_MAX_NAME_BYTES = 200
_MAX_SUFFIX_BYTES = 20
# Readers infer the compression from the suffix, so a compression that the server added gets one.
_SUFFIX_OF_ENCODING = {"gzip": ".gz", "x-gzip": ".gz", "zstd": ".zst"}


def download_datasets(
    urls: Sequence[S3Url | HttpUrl],
    directory: Path,
    *,
    s3: Callable[[S3Url], S3Client],
    policy: RetryPolicy | None = None,
) -> list[DatasetIdentity]:
    """Download a dataset of one file or several into a folder, each file as `download_dataset` does.

    Patterns are replaced by the objects that match, sorted by key; otherwise the order is that of the URLs. A file that is
    named twice is downloaded once. A single file keeps its name; several are numbered in their order, such as
    `07-table.csv`, so that files with the same name do not collide.

    Args:
        urls: The files, and patterns for files on S3.
        directory: The folder, which is created if it does not exist.
        s3: Returns the client for an S3 URL; called once for each bucket.
        policy: How often and how patiently to try again.

    Returns:
        What identifies each file, in order; `directory / identity.file_name` is the file.

    Raises:
        RemoteError: A file cannot be read, or a pattern matches no object or too many; retryable where trying again later
            may help.
        StorageError: The folder cannot be created or written; retryable where the disk is full.
    """
    client_of_bucket = functools.cache(s3)

    def client_of(url: S3Url) -> S3Client:
        return client_of_bucket(S3Url(url.bucket, "", url.region))

    files = _without_repeats(_expand(urls, client_of, policy))
    names = _numbered(files) if len(files) > 1 else [local_file_name(url.file_name) for url in files]
    identities = []
    with contextlib.closing(open_ahead(_source(url, client_of) for url in files)) as sources:
        for url, name, source in zip(files, names, sources, strict=True):
            try:
                identities.append(_download_as(name, url, source, directory, policy))
            except ObjectNotFoundError as error:
                if url in urls:
                    raise
                # It was listed a moment ago: a writer is replacing the files, and the next listing may find them whole.
                raise OBJECT_CHANGED.instead_of(error) from error
    return identities


def download_dataset(
    url: S3Url | HttpUrl,
    directory: Path,
    *,
    s3: Callable[[S3Url], S3Client],
    policy: RetryPolicy | None = None,
) -> DatasetIdentity:
    """Download one file into a folder; memory does not grow with its size, and a `*` in its key is literal.

    It is streamed to a temporary name, and renamed once its size and the checksum that the server stores are verified; its
    suffixes are kept. Throttling, server errors and broken connections are retried, from where the connection broke if the
    server supports it.

    Args:
        url: The file.
        directory: The folder, which is created if it does not exist.
        s3: Returns the client for an S3 URL; not called for a plain http(s) one.
        policy: How often and how patiently to try again.

    Returns:
        What identifies the dataset; `directory / identity.file_name` is the file.

    Raises:
        RemoteError: The file cannot be read; retryable where trying again later may help.
        StorageError: The folder cannot be created or written; retryable where the disk is full.
    """
    return _download_as(local_file_name(url.file_name), url, _source(url, s3), directory, policy)


def download_object(
    url: S3Url, path: Path, *, client: S3Client, policy: RetryPolicy | None = None
) -> DatasetIdentity:
    """Download one object to a file, with the checks of `download_dataset`.

    Args:
        url: The object.
        path: The file.
        client: The client for the object's bucket.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The object cannot be read.
        StorageError: The folder cannot be created or written; retryable where the disk is full.
    """
    return _identity(str(url), path, _download(S3Source(url, client), path, policy or RetryPolicy()))


def local_file_name(name: str) -> str:
    """Return a file name that stays in its folder and fits a file system, with the same suffixes.

    Args:
        name: The last part of a key or of a web address.
    """
    safe = re.sub(r"[\x00-\x1f\x7f/\\]", "_", name)
    if not safe.strip("."):
        return "dataset"
    if len(safe.encode()) <= _MAX_NAME_BYTES:
        return safe
    suffixes = "".join(Path(safe).suffixes[-2:])
    digest = hashlib.sha256(safe.encode()).hexdigest()
    return digest + suffixes if len(suffixes.encode()) <= _MAX_SUFFIX_BYTES else digest


def _expand(
    urls: Sequence[S3Url | HttpUrl], client_of: Callable[[S3Url], S3Client], policy: RetryPolicy | None
) -> list[S3Url | HttpUrl]:
    files: list[S3Url | HttpUrl] = []
    for url in urls:
        if isinstance(url, S3Url) and url.is_pattern:
            files += list_objects(url, client=client_of(url), policy=policy)
        else:
            files.append(url)
    return files


def _without_repeats(urls: Sequence[S3Url | HttpUrl]) -> list[S3Url | HttpUrl]:
    """Keep the first URL of each file: rows that are read twice would be both trained on and tested on."""
    unique: dict[str, S3Url | HttpUrl] = {}
    for url in urls:
        unique.setdefault(str(url), url)
    if repeats := len(urls) - len(unique):
        log.warning("The source names %d files more than once; each is read once.", repeats)
    return list(unique.values())


def _numbered(urls: Sequence[S3Url | HttpUrl]) -> list[str]:
    digits = len(str(len(urls)))
    return [
        f"{number:0{digits}}-{local_file_name(url.file_name)}" for number, url in enumerate(urls, start=1)
    ]


def _source(url: S3Url | HttpUrl, s3: Callable[[S3Url], S3Client]) -> Source:
    return S3Source(url, s3(url)) if isinstance(url, S3Url) else HttpSource(url)


def _download_as(
    name: str,
    url: S3Url | HttpUrl,
    source: Source,
    directory: Path,
    policy: RetryPolicy | None,
) -> DatasetIdentity:
    path = directory / name
    received = _download(source, path, policy or RetryPolicy())
    suffix = _SUFFIX_OF_ENCODING.get(received.remote.encoding or "", "")
    if suffix and path.suffix != suffix:
        path = path.replace(path.with_name(path.name + suffix))
    return _identity(str(url), path, received)


def _download(source: Source, path: Path, policy: RetryPolicy) -> ReceivedFile:
    with new_file(path) as file:
        return receive(source, file, policy)


def _identity(url: str, path: Path, received: ReceivedFile) -> DatasetIdentity:
    remote = received.remote
    return DatasetIdentity(
        url=url,
        file_name=path.name,
        size=received.size,
        sha256=received.sha256,
        etag=remote.etag,
        version_id=remote.version_id,
        last_modified=remote.last_modified,
    )
