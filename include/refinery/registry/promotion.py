"""Make a model the latest of its pipeline: automatically when it is the newest, or because a person says so."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from refinery.registry.errors import (
    DamagedPointerError,
    ManifestChangedError,
    ModelNotFoundError,
    RegistryError,
)
from refinery.registry.latest import Latest, Promotion, parse_latest
from refinery.registry.manifest import StoredManifest, pipeline_names, read_manifest, read_promoted
from refinery.registry.versions import describe_versions, list_versions, read_version
from refinery.spec.series import split_replaced
from refinery.storage import (
    RetryPolicy,
    VersionedObject,
    delete_unchanged,
    is_unchanged,
    object_size,
    read_versioned,
    replace_object,
)
from refinery.storage.errors import WriteConflictError
from refinery.wording import command_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from refinery.spec.series import ModelSeries
    from refinery.spec.urls import S3Url

# Many runs may end at the same time, and all but one must read and decide again: soon, and often enough that each gets its turn.
CONFLICT_POLICY = RetryPolicy(attempts=30, first_wait=0.05, longest_wait=2.0)
_ONCE = RetryPolicy(attempts=1, throttle_timeout=0)
# Of the models that are there without latest.json.
_MOST_CHECKED = 50


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """What came of a promotion.

    Attributes:
        latest: What latest.json says now; None if there is none.
        promoted: Whether this changed it.
        newer: If there is none, the prefix of a newer model, because of which this one was not promoted.
    """

    latest: Latest | None
    promoted: bool
    newer: str = ""

    def __str__(self) -> str:
        if self.latest is None:
            return (
                f"This model was not promoted: latest.json does not exist, but {self.newer} is newer than this model. latest.json may "
                f"have been deleted. Point it to a model: {command_line('promote NAME DATE')}"
            )
        if self.promoted:
            return f"{self.latest.prefix} is now the latest model."
        return f"{self.latest.prefix} stays the latest model."


def read_latest(series: ModelSeries, *, client: S3Client) -> Latest | None:
    """Return which model is the latest; None if none has been promoted yet.

    Raises:
        DamagedPointerError: latest.json cannot be parsed.
        RemoteError: S3 refused, failed or could not be reached.
    """
    return _parse(read_versioned(series.latest_url, client=client), series)


@dataclass(frozen=True, slots=True)
class LatestFile:
    """latest.json as it was read once.

    Attributes:
        latest: What it says; None if the file is missing.
        etag: Its ETag; None if the file is missing, or the server gave none.
    """

    latest: Latest | None
    etag: str | None


def read_latest_again(
    series: ModelSeries, former: LatestFile | None, *, client: S3Client, policy: RetryPolicy | None = None
) -> LatestFile:
    """Read which model is the latest, only asking for the file's ETag if it was read before.

    Args:
        series: The pipeline's models.
        former: What this returned the last time, if it was asked before.
        client: The client for the bucket.
        policy: How often and how patiently to try again.

    Raises:
        DamagedPointerError: latest.json cannot be parsed.
        RemoteError: S3 refused, failed or could not be reached.
    """
    url = series.latest_url
    if former and former.etag and is_unchanged(url, former.etag, client=client, policy=policy):
        return former
    stored = read_versioned(url, client=client, policy=policy)
    return LatestFile(_parse(stored, series), stored.etag if stored else None)


def promote_if_newer(
    series: ModelSeries, prefix: S3Url, *, by: str, client: S3Client, policy: RetryPolicy = CONFLICT_POLICY
) -> PromotionResult:
    """Make a run's model the latest, unless a newer run's model has been the latest: a backfill never moves it back.

    The run's date is that of its manifest. Without latest.json, the model is not promoted if a newer one is there. A rerun of
    the run of the latest model, or of the newest, is promoted. Safe to repeat.
    On servers with conditional writes no promotion is lost, however many runs end at the same time; on others the last of
    several that write at the same moment wins.

    Args:
        series: The pipeline's models.
        prefix: The model that was just uploaded.
        by: The run, for the history.
        client: The client for the bucket.
        policy: How often and how soon to try again when others write at the same time.

    Raises:
        ModelNotFoundError: The prefix holds no model.
        DamagedPointerError: latest.json cannot be parsed; promoting by hand repairs it.
        WriteConflictError: Others were faster each time; retryable.
        RemoteError: S3 refused, failed or could not be reached.
    """
    manifest = read_manifest(prefix, client=client)
    candidate = _promotion(manifest, by, "upload")

    newer = ""

    def choose(former: Latest | None) -> Latest | None:
        nonlocal newer
        if former is None:
            newer = _find_newer(series, manifest, client)
        stays = bool(newer) if former is None else _stays(former, candidate)
        return former if stays else Latest.after(former, candidate)

    return replace(_update(series, choose, client, policy), newer=newer)


def promote(
    series: ModelSeries, version: str, *, by: str, client: S3Client, reason: str | None = None
) -> PromotionResult:
    """Make a model the latest because a person says so. Repair a damaged latest.json, whose history is then lost.

    Args:
        series: The pipeline's models.
        version: The model's name, usually its date.
        by: The person, for the history.
        client: The client for the bucket.
        reason: Why, for the history.

    Raises:
        ModelNotFoundError: There is no such model, it has lost a file, or it was deleted at the same moment; latest.json is
            unchanged.
        WriteConflictError: Others were faster each time.
        RemoteError: S3 refused, failed or could not be reached.
    """
    manifest = read_version(series, version, client=client)
    _check_files(manifest, client)
    candidate = _promotion(manifest, by, "promote", reason)
    return _update(
        series, lambda former: Latest.after(former, candidate), client, CONFLICT_POLICY, repair=True
    )


def rollback(series: ModelSeries, *, by: str, client: S3Client, reason: str | None = None) -> PromotionResult:
    """Make the model the latest that was so before the current one; each further rollback goes one model back.

    Args:
        series: The pipeline's models.
        by: The person, for the history.
        client: The client for the bucket.
        reason: Why, for the history.

    Raises:
        ModelNotFoundError: No model has been promoted yet.
        RegistryError: The history names no earlier one, or it is not there anymore.
        DamagedPointerError: latest.json cannot be parsed.
        WriteConflictError: Others were faster each time.
        RemoteError: S3 refused, failed or could not be reached.
    """

    def choose(former: Latest | None) -> Latest:
        if former is None:
            raise ModelNotFoundError.nothing_promoted(series.latest_url)
        earlier = former.earlier_model()
        if earlier is None:
            raise _no_earlier_model(series, "it names no earlier model")
        try:
            manifest = read_promoted(earlier, client=client)
        except (ModelNotFoundError, ManifestChangedError) as error:
            problem = f"{earlier.prefix}, the model before, is not there anymore"
            raise _no_earlier_model(series, problem) from error
        _check_files(manifest, client)
        return Latest.after(former, _promotion(manifest, by, "rollback", reason))

    return _update(series, choose, client, CONFLICT_POLICY)


def _stays(latest: Latest, candidate: Promotion) -> bool:
    """Return whether a run's model is the latest already, or is older than what has been the latest."""
    if latest.is_of_same_model(candidate):
        return True
    is_rerun = split_replaced(latest.url)[0] == split_replaced(candidate.url)[0]
    return not is_rerun and latest.newest_date > candidate.date


def _update(
    series: ModelSeries,
    choose: Callable[[Latest | None], Latest | None],
    client: S3Client,
    policy: RetryPolicy,
    *,
    repair: bool = False,
) -> PromotionResult:
    """Read, choose and write, until no one else has written in between; undo it if the model was deleted meanwhile."""

    def attempt() -> PromotionResult:
        stored = read_versioned(series.latest_url, client=client, policy=_ONCE)
        former = _parse(stored, series, repair=repair)
        latest = choose(former)
        if latest is None or latest is former:
            return PromotionResult(latest, promoted=False)
        replace_object(
            series.latest_url,
            latest.to_json(),
            former=stored,
            client=client,
            content_type="application/json",
        )
        try:
            read_promoted(latest, client=client)
        except (ModelNotFoundError, ManifestChangedError):
            _undo(series, latest, stored, client)
            raise
        return PromotionResult(latest, promoted=True)

    return policy.retrying()(attempt)


def _undo(series: ModelSeries, latest: Latest, former: VersionedObject | None, client: S3Client) -> None:
    """Restore the former latest.json, unless someone else has written it since."""
    url = series.latest_url
    present = read_versioned(url, client=client)
    if present is None or present.content != latest.to_json():
        return
    with contextlib.suppress(WriteConflictError):
        if former is None:
            delete_unchanged(url, present, client=client)
        else:
            replace_object(
                url, former.content, former=present, client=client, content_type="application/json"
            )


def _check_files(manifest: StoredManifest, client: S3Client) -> None:
    """Check that the files that a manifest lists are there.

    Raises:
        ModelNotFoundError: One is missing, or its size differs.
    """
    for name, facts in (manifest.content.get("files") or {}).items():
        size = object_size(manifest.prefix.child(name), client=client)
        if size is None:
            problem = f"its manifest lists {name}, which is not there anymore"
            raise ModelNotFoundError.at(manifest.prefix, problem)
        if facts.get("size", size) != size:
            problem = f"{name} has {size} bytes, and its manifest says {facts['size']}"
            raise ModelNotFoundError.at(manifest.prefix, problem)


def _find_newer(series: ModelSeries, manifest: StoredManifest, client: S3Client) -> str:
    """Return the prefix of a model of the same pipeline and of a newer run; an empty string if there is none."""
    written_to, _ = split_replaced(manifest.prefix)
    others = [
        version
        for version in list_versions(series, client=client)
        if split_replaced(version.prefix)[0] != written_to
    ]
    pipeline, _ = pipeline_names(manifest.content)
    # Of dated names the newest come first.
    checked = others[:_MOST_CHECKED] if series.is_dated else others
    for found in describe_versions(checked, client=client):
        if found.problem or pipeline_names(found.manifest)[0] not in (pipeline, None):
            continue
        with contextlib.suppress(ModelNotFoundError):  # one without a date
            other = StoredManifest(found.version.prefix, found.manifest, found.sha256)
            if other.date > manifest.date:
                return str(other.prefix)
    return ""


def _parse(stored: VersionedObject | None, series: ModelSeries, *, repair: bool = False) -> Latest | None:
    if stored is None:
        return None
    try:
        return parse_latest(stored.content, series)
    except DamagedPointerError:
        if repair:
            return None
        raise


def _no_earlier_model(series: ModelSeries, problem: str) -> RegistryError:
    return RegistryError(
        f"{series.latest_url} cannot be rolled back: {problem}. Name a model: {command_line('promote NAME DATE')}"
    )


def _promotion(
    manifest: StoredManifest,
    by: str,
    action: Literal["upload", "promote", "rollback"],
    reason: str | None = None,
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
        reason=reason,
    )
