"""Reads what a pipeline's last runs left on S3: the manifests of its models, and the reports on rejected ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.config import series_output
from refinery.registry import ModelNotFoundError, ModelSeries, list_series, parse_manifest
from refinery.spec.artifacts import MANIFEST_FILE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.registry import Listing
    from refinery.spec.urls import S3Url
    from refinery.storage import ObjectCache

LAST_RUNS = 30
_REQUESTS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a pipeline by what it left.

    Attributes:
        version: The version that its model is, or would have been, such as "2026-01-31".
        written_at: When its manifest was written.
        manifest: What its manifest says.
    """

    version: str
    written_at: dt.datetime
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """The last runs of a pipeline, the newest first; those whose manifest cannot be read are left out.

    Attributes:
        promoted: Those whose model was promoted.
        rejected: Those whose model missed its gates.
        is_dated: Whether the versions are dates.
    """

    promoted: tuple[PastRun, ...]
    rejected: tuple[PastRun, ...]
    is_dated: bool

    @property
    def latest(self) -> tuple[PastRun, ...]:
        """The last runs of both kinds, at most 30."""
        runs = [*self.promoted, *self.rejected]
        runs.sort(key=self._place, reverse=True)
        return tuple(runs[:LAST_RUNS])

    def _place(self, run: PastRun) -> tuple[str, dt.datetime]:
        """Return what a run is sorted by; a model that a rerun replaced was written before the one that is there now."""
        return (run.version.partition("@")[0] if self.is_dated else "", run.written_at)


def read_history(pipeline: Pipeline, s3: Callable[[S3Url, str], S3Client], cache: ObjectCache) -> History:
    """Read a pipeline's last runs, at most 30 of each kind.

    Args:
        pipeline: The pipeline.
        s3: Returns the client for a URL and an Airflow connection.
        cache: The manifests that were read before.

    Raises:
        RefineryError: S3 refuses, or cannot be reached.
    """
    output = pipeline.config.output
    series = ModelSeries.of_output(series_output(pipeline.config))
    client = s3(series.root, output.connection)
    listing = list_series(series, client=client)
    promoted = ((version.name, version.prefix) for version in listing.versions[:LAST_RUNS])
    rejected = ((_reported(series, prefix), prefix) for prefix in listing.reports[:LAST_RUNS])
    return History(
        _read(promoted, listing, client, cache), _read(rejected, listing, client, cache), series.is_dated
    )


def _reported(series: ModelSeries, report: S3Url) -> str:
    """Return the version that a rejected model would have been."""
    prefix = series.report_of(report)
    return (series.version_of(prefix) if prefix else None) or str(report)


def _read(
    runs: Iterable[tuple[str, S3Url]], listing: Listing, client: S3Client, cache: ObjectCache
) -> tuple[PastRun, ...]:
    def read(run: tuple[str, S3Url]) -> PastRun | None:
        version, prefix = run
        url = prefix.child(MANIFEST_FILE)
        listed = listing.manifests[url.key]
        content = cache.read(url, listed.etag, client=client)
        if content is None:  # deleted since it was listed
            return None
        try:
            return PastRun(version, listed.last_modified, parse_manifest(content, str(prefix)))
        except ModelNotFoundError:  # damaged: `refinery models` says which
            return None

    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        return tuple(run for run in pool.map(read, runs) if run)
