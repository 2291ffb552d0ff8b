"""Brings the first megabytes of a dataset to this machine, enough to look at it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from include.cli import project
from include.cli.errors import SourceError
from include.urls import HttpUrl, S3Url, parse_source_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.storage.transfer import Source

# Twice what is looked at, since a compressed file may be a little larger than what is in it.
SAMPLE_BYTES = 8 * 1024 * 1024
# These files can be read only whole, for their table of contents stands at the end.
_WHOLE_FILES = (b"PAR1", b"PK\x03\x04")
_MOST_WHOLE_BYTES = 512 * 1024 * 1024
_SAMPLE_FOLDERS = (("include", "sample_data"), (".local", "s3"))


@contextmanager
def dataset_sample(source: str, connection: str) -> Iterator[Path]:
    """Give a file with the beginning of a dataset; of several files, of the first.

    Args:
        source: The dataset's URL.
        connection: The Airflow connection for S3 buckets that the embedded server does not hold.

    Raises:
        SourceError: It cannot be looked at from here.
        InvalidUrlError: It is no URL.
        RemoteError: It cannot be had.
    """
    if "{{" in source:
        raise SourceError(
            source, "name the file of one date; the template can be written into the config then."
        )
    url = parse_source_url(source)
    with TemporaryDirectory(prefix="refinery-") as folder:
        yield _bring(url, Path(folder), connection)


def as_url(source: str) -> str:
    """Return the URL of a dataset: a file that the embedded S3 server serves may be named by its path.

    Raises:
        SourceError: It is another local file.
    """
    file = Path(source)
    if "://" in source or source.startswith("arn:") or not file.exists():
        return source
    for folder in _SAMPLE_FOLDERS:
        served = project.PROJECT.joinpath(*folder)
        if file.resolve().is_relative_to(served):
            return f"s3://{file.resolve().relative_to(served).as_posix()}"
    raise SourceError(
        source,
        "pipelines read from S3 or the web. Upload it, or for local work put it into .local/s3/datasets/, "
        f"which the embedded S3 server serves as s3://datasets/{file.name}",
    )


def _bring(url: S3Url | HttpUrl, folder: Path, connection: str) -> Path:
    from include.local.connect import s3_access
    from include.storage.http_source import HttpSource
    from include.storage.listing import list_objects
    from include.storage.s3_source import S3Source

    if isinstance(url, HttpUrl):
        return _copy_beginning(HttpSource(url), folder / _file_name(url))
    with s3_access(project.PROJECT, url, connection) as client:
        if url.is_pattern:
            url = list_objects(url, client=client)[0]
        return _copy_beginning(S3Source(url, client), folder / _file_name(url))


def _file_name(url: S3Url | HttpUrl) -> str:
    return url.file_name if url.file_name.strip(".") else "dataset"


def _copy_beginning(source: Source, path: Path) -> Path:
    opened = source.open(0, None)
    size, limit = 0, SAMPLE_BYTES
    with path.open("wb") as file:
        for chunk in opened.chunks:
            if size == 0 and chunk.startswith(_WHOLE_FILES):
                limit = _MOST_WHOLE_BYTES
            size += file.write(chunk)
            if size >= limit:
                break
    if limit == _MOST_WHOLE_BYTES and size >= limit:
        raise SourceError(source.location, "is too large to be looked at; write its config by hand.")
    return path
