"""What the commands on models share: a pipeline's models with access to them, and how facts of models are written."""

from __future__ import annotations

import getpass
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Self

import typer

from include.cli import project

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3 import S3Client

    from include.config import Pipeline
    from include.registry import ModelSeries
    from include.urls import S3Url

LATEST = "latest"
_KILOBYTE = 1000


class S3Access:
    """Clients for the buckets that a command meets, one for each; use it in a `with` statement."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._clients: dict[tuple[str, str], S3Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def client(self, url: S3Url, connection: str) -> S3Client:
        """Give the client for a URL's bucket, through the embedded server or an Airflow connection."""
        from include.local.connect import s3_access

        key = (url.bucket, connection)
        if key not in self._clients:
            self._clients[key] = self._open.enter_context(s3_access(project.PROJECT, url, connection))
        return self._clients[key]


@contextmanager
def open_series(pipeline: Pipeline) -> Iterator[tuple[ModelSeries, S3Client]]:
    """Give a pipeline's models and the client for their bucket."""
    with S3Access() as access:
        series = series_of(pipeline)
        yield series, access.client(series.root, pipeline.config.output.connection)


def series_of(pipeline: Pipeline) -> ModelSeries:
    """Give the models of a pipeline."""
    from include.registry import ModelSeries

    return ModelSeries.of_output(pipeline.config.output.url)


def version_named(text: str) -> str | None:
    """Give the version that a person names; None is the latest."""
    return None if text == LATEST else text


def who() -> str:
    """Name the person at the keyboard, for the history of promotions."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def write_metrics(metrics: Mapping[str, float]) -> str:
    """Write metrics on one line."""
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items()) or "-"


def write_moment(moment: dt.datetime) -> str:
    """Write a moment to the minute, in UTC."""
    import datetime as dt

    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def write_size(size: float) -> str:
    """Write a size in bytes, kB, MB or GB."""
    for unit in ("B", "kB", "MB"):
        if size < _KILOBYTE:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KILOBYTE
    return f"{size:.1f} GB"


VersionOption = Annotated[
    str,
    typer.Option(
        "--date", "-d", metavar="DATE", help="The model, by the date of its run, or what stands for it."
    ),
]
