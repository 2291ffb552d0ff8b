"""Makes a model the latest of its pipeline: by itself when it is the newest, or because a person says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from include.registry.errors import (
    DamagedPointerError,
    ModelNotFoundError,
    NoEarlierModelError,
    NothingPromotedError,
)
from include.registry.latest import Latest, Promotion, parse_latest
from include.registry.manifest import StoredManifest, read_manifest
from include.registry.versions import read_version
from include.storage import RetryPolicy, VersionedObject, read_versioned, replace_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from include.registry.series import ModelSeries
    from include.urls import S3Url

# Many runs may end at once, and all but one must read and decide again: soon, and often enough that each gets its turn.
PATIENCE = RetryPolicy(attempts=30, first_wait=0.05, longest_wait=2.0)
_ONCE = RetryPolicy(attempts=1, patience=0)


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """What came of a promotion.

    Attributes:
        latest: What latest.json says now.
        promoted: Whether this changed it.
    """

    latest: Latest
    promoted: bool

    def __str__(self) -> str:
        if self.promoted:
            return f"{self.latest.prefix} is the latest model now."
        return f"{self.latest.prefix} stays the latest model."


def read_latest(series: ModelSeries, *, client: S3Client) -> Latest | None:
    """Return which model is the latest; None where none was promoted yet.

    Raises:
        DamagedPointerError: latest.json cannot be understood.
        RemoteError: S3 refuses or cannot be reached.
    """
    return _parse(read_versioned(series.latest_url, client=client), series)


def promote_if_newer(
    series: ModelSeries, prefix: S3Url, *, by: str, client: S3Client, patience: RetryPolicy = PATIENCE
) -> PromotionResult:
    """Make a run's model the latest, unless a newer run's has been that: a backfill never moves it back.

    The run's date is that of its manifest. A rerun of the latest model's run, or of the newest, is promoted. Safe to repeat.
    On servers with conditional writes no promotion is lost, however many runs end at once; on others the last of several that
    write in the same moment prevails.

    Args:
        series: The pipeline's models.
        prefix: The model that was just uploaded.
        by: The run, for the history.
        client: The client for the bucket.
        patience: How often and how soon to try again when others write at the same time.

    Raises:
        ModelNotFoundError: The prefix holds no model.
        DamagedPointerError: latest.json cannot be understood; promoting by hand mends it.
        WriteConflictError: Others were faster each time; retryable.
        RemoteError: S3 refuses or cannot be reached.
    """
    manifest = read_manifest(prefix, client=client)
    candidate = _promotion(manifest, by, "upload")

    def choose(former: Latest | None) -> Latest:
        return former if former and _stays(former, candidate) else Latest.after(former, candidate)

    return _update(series, choose, client, patience)


def promote(series: ModelSeries, version: str, *, by: str, client: S3Client) -> PromotionResult:
    """Make a model the latest because a person says so. Mends a damaged latest.json, whose history is then lost.

    Args:
        series: The pipeline's models.
        version: The model's name, mostly its date.
        by: The person, for the history.
        client: The client for the bucket.

    Raises:
        NoSuchVersionError: There is no such model.
        WriteConflictError: Others were faster each time.
        RemoteError: S3 refuses or cannot be reached.
    """
    candidate = _promotion(read_version(series, version, client=client), by, "promote")
    return _update(series, lambda former: Latest.after(former, candidate), client, PATIENCE, mend=True)


def rollback(series: ModelSeries, *, by: str, client: S3Client) -> PromotionResult:
    """Make the model the latest that was so before the current one; again, and it goes one further back.

    Args:
        series: The pipeline's models.
        by: The person, for the history.
        client: The client for the bucket.

    Raises:
        NothingPromotedError: No model was promoted yet.
        NoEarlierModelError: The history names no earlier one, or it is not there any more.
        DamagedPointerError: latest.json cannot be understood.
        WriteConflictError: Others were faster each time.
        RemoteError: S3 refuses or cannot be reached.
    """

    def choose(former: Latest | None) -> Latest:
        if former is None:
            raise NothingPromotedError(str(series.latest_url))
        earlier = former.earlier_model()
        if earlier is None:
            raise NoEarlierModelError(str(series.latest_url))
        try:
            manifest = read_manifest(earlier.url, client=client)
        except ModelNotFoundError as error:
            raise NoEarlierModelError(str(series.latest_url), gone=earlier.prefix) from error
        return Latest.after(former, _promotion(manifest, by, "rollback"))

    return _update(series, choose, client, PATIENCE)


def _stays(latest: Latest, candidate: Promotion) -> bool:
    """Tell whether a run's model is the latest already, or is older than what has been the latest."""
    if latest.prefix == candidate.prefix:
        return latest.manifest_sha256 == candidate.manifest_sha256
    return latest.newest_date > candidate.date


def _update(
    series: ModelSeries,
    choose: Callable[[Latest | None], Latest],
    client: S3Client,
    patience: RetryPolicy,
    *,
    mend: bool = False,
) -> PromotionResult:
    """Read, choose and write, until no one else has written in between."""

    def attempt() -> PromotionResult:
        stored = read_versioned(series.latest_url, client=client, policy=_ONCE)
        former = _parse(stored, series, mend=mend)
        latest = choose(former)
        if latest is former:
            return PromotionResult(latest, promoted=False)
        replace_object(
            series.latest_url,
            latest.to_json(),
            former=stored,
            client=client,
            content_type="application/json",
        )
        return PromotionResult(latest, promoted=True)

    return patience.retrying()(attempt)


def _parse(stored: VersionedObject | None, series: ModelSeries, *, mend: bool = False) -> Latest | None:
    if stored is None:
        return None
    try:
        return parse_latest(stored.content, series)
    except DamagedPointerError:
        if mend:
            return None
        raise


def _promotion(
    manifest: StoredManifest, by: str, action: Literal["upload", "promote", "rollback"]
) -> Promotion:
    return Promotion(
        prefix=str(manifest.prefix),
        date=manifest.date,
        run_id=manifest.run.get("run_id"),
        metrics=manifest.content.get("metrics") or {},
        gate=manifest.content.get("gate"),
        manifest_sha256=manifest.sha256,
        promoted_at=datetime.now(UTC).replace(microsecond=0),
        promoted_by=by,
        action=action,
    )
