"""The first megabytes of a dataset, brought to this machine."""

from __future__ import annotations

import filecmp
import shutil
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from refinery.cli import project
from refinery.errors import RefineryError
from refinery.spec.urls import HttpUrl, S3Url, parse_source_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.storage import Source

# Twice what is looked at, since a compressed file may be a little larger than what is in it.
SAMPLE_BYTES = 8 * 1024 * 1024
# These files can only be read whole, since their table of contents is at the end.
_WHOLE_FILES = (b"PAR1", b"PK\x03\x04")
_MOST_WHOLE_BYTES = 512 * 1024 * 1024
_SAMPLE_FOLDERS = (("include", "sample_data"), (".local", "s3"))
_SERVED = (".local", "s3", "datasets")


@contextmanager
def dataset_sample(source: str, connection: str) -> Iterator[Path]:
    """Yield a file with the beginning of a dataset; of several files, of the first.

    Args:
        source: The dataset's URL.
        connection: The Airflow connection for S3 buckets that the embedded server does not hold.

    Raises:
        RefineryError: Its URL is a template or not a URL, or it cannot be read.
    """
    if "{{" in source:
        raise RefineryError(
            f"{source}: the URL has a template in it. Name the file of one date; write the template into the config afterward."
        )
    url = parse_source_url(source)
    with TemporaryDirectory(prefix="refinery-") as folder:
        yield _bring(url, Path(folder), connection)


def to_url(source: str, *, serve: bool = False) -> str:
    """Return the URL of a dataset: a file that the embedded S3 server serves may be named by its path.

    Args:
        source: The dataset's URL, or the path of a file.
        serve: Whether to copy any other file to where the embedded server serves it.

    Raises:
        RefineryError: It is another local file, or another file of its name is served already.
    """
    file = Path(source)
    if "://" in source or source.startswith("arn:") or not file.exists():
        return source
    for folder in _SAMPLE_FOLDERS:
        served = project.PROJECT.joinpath(*folder)
        if file.resolve().is_relative_to(served):
            return f"s3://{file.resolve().relative_to(served).as_posix()}"
    if serve and file.is_file():
        return _serve(file)
    raise RefineryError(
        f"{source}: pipelines read from S3 or the web. Upload the file, or for local work put it into .local/s3/datasets/; "
        f"the embedded S3 server serves it as s3://datasets/{file.name}"
    )


def _serve(file: Path) -> str:
    served = project.PROJECT.joinpath(*_SERVED)
    copy = served / file.name
    if copy.exists() and not filecmp.cmp(file, copy, shallow=False):
        raise RefineryError(f"{file}: {copy} is a different dataset with this name; rename the file.")
    served.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    return f"s3://{served.name}/{file.name}"


def _bring(url: S3Url | HttpUrl, folder: Path, connection: str) -> Path:
    from refinery.local.connect import s3_access
    from refinery.storage import HttpSource, S3Source, list_objects

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
    with closing(opened), path.open("wb") as file:
        for chunk in opened.chunks:
            if size == 0 and chunk.startswith(_WHOLE_FILES):
                limit = _MOST_WHOLE_BYTES
            size += file.write(chunk)
            if size >= limit:
                break
    if limit == _MOST_WHOLE_BYTES and size >= limit:
        limit_in_mb = _MOST_WHOLE_BYTES // 1024**2
        raise RefineryError(
            f"{source.location}: a file in this format is read whole, up to {limit_in_mb} MB, and this one is larger. "
            "Write its config by hand."
        )
    return path
