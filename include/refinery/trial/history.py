"""Reads what a pipeline's last runs left on S3: the manifests of its models, and the reports on rejected ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.registry import ModelNotFoundError, ModelSeries, list_series, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.spec.urls import S3Url

LAST_RUNS = 30
_REQUESTS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a pipeline by what it left.

    Attributes:
        version: The version that its model is, or would have been, such as "2026-01-31".
        manifest: What its manifest says.
    """

    version: str
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """The last runs of a pipeline, the newest first; those whose manifest cannot be read are left out.

    Attributes:
        promoted: Those whose model was promoted.
        rejected: Those whose model missed its gates.
    """

    promoted: tuple[PastRun, ...]
    rejected: tuple[PastRun, ...]


def read_history(pipeline: Pipeline, s3: Callable[[S3Url, str], S3Client]) -> History:
    """Read a pipeline's last runs, at most 30 of each kind.

    Args:
        pipeline: The pipeline.
        s3: Returns the client for a URL and an Airflow connection.

    Raises:
        RefineryError: S3 refuses, or cannot be reached.
    """
    output = pipeline.config.output
    series = ModelSeries.of_output(output.url)
    client = s3(series.root, output.connection)
    listing = list_series(series, client=client)
    promoted = ((version.name, version.prefix) for version in listing.versions[:LAST_RUNS])
    rejected = ((_reported(series, prefix), prefix) for prefix in listing.reports[:LAST_RUNS])
    return History(_read(promoted, client), _read(rejected, client))


def _reported(series: ModelSeries, report: S3Url) -> str:
    """Return the version that a rejected model would have been."""
    prefix = series.report_of(report)
    return (series.version_of(prefix) if prefix else None) or str(report)


def _read(runs: Iterable[tuple[str, S3Url]], client: S3Client) -> tuple[PastRun, ...]:
    def read(run: tuple[str, S3Url]) -> PastRun | None:
        version, prefix = run
        try:
            return PastRun(version, read_manifest(prefix, client=client).content)
        except ModelNotFoundError:  # deleted since it was listed, or damaged: `refinery models` says which
            return None

    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        return tuple(run for run in pool.map(read, runs) if run)
