"""Delete a pipeline's old models, and none that anyone may want back."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refinery.registry.manifest import pipeline_names
from refinery.registry.promotion import read_latest
from refinery.registry.versions import (
    DescribedVersion,
    Version,
    describe_versions,
    list_objects_of,
    list_versions,
)
from refinery.spec.artifacts import MANIFEST_FILE
from refinery.spec.series import split_replaced
from refinery.storage import (
    LeaseTerms,
    RetryPolicy,
    delete_objects,
    delete_unchanged,
    leased,
    read_versioned,
    replace_object,
)
from refinery.storage.errors import PrefixBusyError, WriteConflictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.registry.latest import Latest
    from refinery.spec.series import ModelSeries

log = logging.getLogger(__name__)

_LATEST, _PROMOTED, _NEW, _BUSY = "latest", "promoted", "new", "being written"
_NO_WAIT = LeaseTerms(timeout=0)


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """Which models go and which stay.

    Attributes:
        deleted: Those that go, newest first.
        kept: Those that stay, newest first, each with the reason: "latest", "promoted", "new" or "being written".
        foreign: Those of other pipelines, which stay too, each with its pipeline's name; None if its manifest has none.
    """

    deleted: tuple[Version, ...]
    kept: tuple[tuple[Version, str], ...]
    foreign: tuple[tuple[Version, str | None], ...] = ()

    @property
    def freed_bytes(self) -> int:
        """The size of what goes."""
        return sum(version.size for version in self.deleted)


def delete_old_models(
    series: ModelSeries, *, pipeline: str, keep: int, client: S3Client, dry_run: bool = False
) -> CleaningPlan:
    """Delete all models except the newest, the latest, those that the history of promotions names, and other pipelines'.

    The manifest of each is deleted first, so that what is left at any moment is not a model. A model that is promoted at the
    same moment stays.

    Args:
        series: The pipeline's models.
        pipeline: The pipeline's name, as its models' manifests record it.
        keep: How many of the newest stay.
        client: The client for the bucket.
        dry_run: Whether to return the plan without deleting anything.

    Raises:
        ValueError: `keep` is less than 1.
        DamagedPointerError: latest.json cannot be parsed, so what is promoted is unknown; nothing is deleted.
        RemoteError: S3 refused, failed or could not be reached.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}")
    described = describe_versions(list_versions(series, client=client), client=client)
    own, foreign = _divide(described, pipeline, series)
    # Read after the listing: what is promoted in between stays.
    latest = read_latest(series, client=client)
    deleted: list[Version] = []
    kept: list[tuple[Version, str]] = []
    for place, each in enumerate(own):
        reason = _standing(each, latest) or (_NEW if place < keep else "")
        if not reason and not dry_run:
            reason = _delete(each, series, client)
        if reason:
            kept.append((each.version, reason))
        else:
            deleted.append(each.version)
    return CleaningPlan(tuple(deleted), tuple(kept), foreign)


def _divide(
    described: Sequence[DescribedVersion], pipeline: str, series: ModelSeries
) -> tuple[list[DescribedVersion], tuple[tuple[Version, str | None], ...]]:
    """Divide models into those of a pipeline, also under its former names, and those of others."""
    named = [(each, *pipeline_names(each.manifest)) for each in described]
    names = {pipeline, *(former for _, name, formers in named if name == pipeline for former in formers)}
    if not series.may_hold_others:
        names.add("")
    own = [each for each, name, _ in named if (name or "") in names]
    foreign = [(each.version, name) for each, name, _ in named if (name or "") not in names]
    return own, tuple(foreign)


def _standing(described: DescribedVersion, latest: Latest | None) -> str:
    """Return whether a model is the latest, or was; an empty string if it never was."""
    prefix = described.version.prefix
    for place, promotion in enumerate(latest.promotions if latest else ()):
        # By the prefix too: a person should look at a model that was promoted and then changed by hand.
        if promotion.is_of(prefix, described.sha256) or str(prefix) == promotion.prefix:
            return _PROMOTED if place else _LATEST
    return ""


def _delete(described: DescribedVersion, series: ModelSeries, client: S3Client) -> str:
    """Delete a model and return an empty string, or return why it stays.

    Whoever promotes it reads the manifest again after writing latest.json. So either that finds the manifest gone, or
    latest.json, read here after the manifest is gone, names the model.
    """
    version = described.version
    written_to, _ = split_replaced(version.prefix)
    manifest = version.prefix.child(MANIFEST_FILE)
    try:
        with leased(written_to, client=client, policy=RetryPolicy(), terms=_NO_WAIT) as check:
            objects = list_objects_of(series, version, client=client)
            stored = read_versioned(manifest, client=client)
            if stored is None or not _is_still(described, stored.content):
                return _BUSY
            delete_unchanged(manifest, stored, client=client)
            standing = _LATEST
            try:
                standing = _standing(described, read_latest(series, client=client))
            finally:
                if standing:
                    replace_object(
                        manifest, stored.content, former=None, client=client, content_type="application/json"
                    )
            if standing:
                return standing
            check()
            urls = [replace(version.prefix, key=item.key) for item in objects]
            delete_objects([url for url in urls if url != manifest], client=client)
    except (PrefixBusyError, WriteConflictError):
        return _BUSY
    log.info("Deleted %s, %d objects.", version.prefix, len(objects))
    return ""


def _is_still(described: DescribedVersion, manifest: bytes) -> bool:
    return described.sha256 in ("", hashlib.sha256(manifest).hexdigest())
