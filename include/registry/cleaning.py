"""Deletes a pipeline's old models, and none that anyone may want back."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.registry.promotion import read_latest
from include.registry.versions import Version, list_versions
from include.storage import MANIFEST, delete_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.registry.latest import Latest
    from include.registry.series import ModelSeries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CleaningPlan:
    """Which models go and which stay.

    Attributes:
        deleted: Those that go, newest first.
        kept: Those that stay, newest first, each with the reason: "latest", "promoted" or "new".
    """

    deleted: tuple[Version, ...]
    kept: tuple[tuple[Version, str], ...]

    @property
    def freed_bytes(self) -> int:
        """The size of what goes."""
        return sum(version.size for version in self.deleted)


def delete_old_models(
    series: ModelSeries, *, keep: int, client: S3Client, dry_run: bool = False
) -> CleaningPlan:
    """Delete all models but the newest, the latest, and those that the history of promotions names.

    Of each that goes the manifest goes first, so that what is left of it at any moment is no model.

    Args:
        series: The pipeline's models.
        keep: How many of the newest stay.
        client: The client for the bucket.
        dry_run: Only tell.

    Raises:
        ValueError: `keep` is less than 1.
        DamagedPointerError: latest.json cannot be understood, so that what is promoted is not known; nothing is deleted.
        RemoteError: S3 refuses or cannot be reached.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}")
    versions = list_versions(series, client=client)
    # Read after the listing: what is promoted in between is spared.
    latest = read_latest(series, client=client)
    deleted: list[Version] = []
    kept: list[tuple[Version, str]] = []
    for place, version in enumerate(versions):
        if reason := _reason_to_keep(version, latest, is_new=place < keep):
            kept.append((version, reason))
        else:
            deleted.append(version)
    if not dry_run:
        for version in deleted:
            _delete(version, client)
    return CleaningPlan(tuple(deleted), tuple(kept))


def _reason_to_keep(version: Version, latest: Latest | None, *, is_new: bool) -> str:
    prefix = str(version.prefix)
    if latest and prefix == latest.prefix:
        return "latest"
    if latest and prefix in {promotion.prefix for promotion in latest.history}:
        return "promoted"
    return "new" if is_new else ""


def _delete(version: Version, client: S3Client) -> None:
    objects = [replace(version.prefix, key=item.key) for item in version.objects]
    manifest = replace(version.prefix, key=version.prefix.key + MANIFEST)
    delete_objects([manifest], client=client)
    delete_objects([url for url in objects if url != manifest], client=client)
    log.info("Deleted %s, %d objects.", version.prefix, len(objects))
