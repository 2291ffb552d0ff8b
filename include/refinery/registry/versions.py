"""List the models of a pipeline, with few requests per thousand of them.

What is there, how large and how old, comes from a listing of all objects under the root: one request per thousand. Unlike an
index beside the models, it is correct whatever was copied, deleted or replaced by other means, and runs that end at the same
time do not compete for it. Only manifests that are shown are read.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from refinery.registry.errors import ModelNotFoundError, NoManifestError, RegistryError
from refinery.registry.manifest import StoredManifest, read_manifest
from refinery.spec.artifacts import MANIFEST_FILE
from refinery.spec.series import split_replaced
from refinery.storage import list_prefix
from refinery.wording import command_line, listed, quoted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Container, Iterable, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.spec.series import ModelSeries
    from refinery.spec.urls import S3Url
    from refinery.storage import ListedObject, RetryPolicy

# As many connections as a client keeps.
_CONCURRENT_REQUESTS = 10
# As many objects as one request lists.
_ONE_REQUEST = 1000
# How many days back to look for the newest models, one after the other, until there are enough.
_WINDOWS = (1, 8, 64, 512)


@dataclass(frozen=True, slots=True)
class Version:
    """A model of a pipeline, as a listing describes it.

    Attributes:
        name: What replaces the output's templates, such as "2026-01-31"; if a later run replaced the model,
            "2026-01-31@3f2a9c1b04de".
        prefix: The model's prefix.
        uploaded_at: When its manifest was written.
        objects: All objects under its prefix that do not belong to another model.
    """

    name: str
    prefix: S3Url
    uploaded_at: dt.datetime
    objects: tuple[ListedObject, ...]

    @property
    def size(self) -> int:
        """The total size of its objects, in bytes."""
        return sum(item.size for item in self.objects)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is under a pipeline's root.

    Attributes:
        versions: Its models, the newest first: by date if their names have one, otherwise by when they were uploaded. For one
            date, the one under its prefix comes first, and then those that it replaced.
        reports: The prefixes of the reports on models that failed their gates, the newest first by when they were uploaded.
        manifests: The manifests of both, each by its key.
    """

    versions: tuple[Version, ...]
    reports: tuple[S3Url, ...]
    manifests: Mapping[str, ListedObject]


@dataclass(frozen=True, slots=True)
class DescribedVersion:
    """A model of a pipeline with its manifest.

    Attributes:
        version: Which it is.
        manifest: What its manifest says; empty if it cannot be read.
        sha256: The SHA-256 of its manifest's bytes, in hex; empty if it cannot be read.
        problem: Why the manifest cannot be read; empty if it can.
    """

    version: Version
    manifest: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""
    problem: str = ""


def list_series(
    series: ModelSeries,
    *,
    client: S3Client,
    since: dt.datetime | None = None,
    policy: RetryPolicy | None = None,
) -> Listing:
    """List a pipeline's models, and the reports on those that were rejected.

    Args:
        series: The pipeline's models.
        client: The client for the bucket.
        since: Leave out the models of earlier dates, if versions have dates.
        policy: How often and how patiently to try again.

    Raises:
        RemoteError: The bucket cannot be listed.
    """
    after = series.key_from(since) if since else ""
    return _listing(series, list(list_prefix(series.root, client=client, policy=policy, after=after)))


def list_newest(
    series: ModelSeries,
    most: int,
    *,
    until: dt.datetime,
    client: S3Client,
    policy: RetryPolicy | None = None,
    limit: int | None = None,
) -> Listing:
    """List at least the newest models of a pipeline, and the reports beside them; older ones are left out if dates allow it.

    How many requests that takes does not depend on how many models there are, if versions have dates.

    Args:
        series: The pipeline's models.
        most: How many models are wanted.
        until: About when the newest is from.
        client: The client for the bucket.
        policy: How often and how patiently to try again.
        limit: How many objects to list at most.

    Raises:
        RegistryError: There are more objects than the limit among which the newest models may be.
        RemoteError: The bucket cannot be listed.
    """

    def found_since(since: dt.datetime | None) -> Listing:
        after = series.key_from(since) if since else ""
        items = list_prefix(series.root, client=client, policy=policy, after=after)
        objects = list(islice(items, limit + 1 if limit else None))
        if limit and len(objects) > limit:
            raise RegistryError(
                f"{series.root} holds more than {limit:,} objects among which the newest models may be, too many for a page. "
                f"List them: {command_line('models NAME')}"
            )
        return _listing(series, objects)

    first = list(islice(list_prefix(series.root, client=client, policy=policy), _ONE_REQUEST + 1))
    if len(first) <= _ONE_REQUEST:
        return _listing(series, first)
    for days in _WINDOWS if series.is_dated else ():
        listing = found_since(until - timedelta(days=days))
        if len(listing.versions) >= most:
            return listing
    return found_since(None)


def list_versions(series: ModelSeries, *, client: S3Client) -> tuple[Version, ...]:
    """List a pipeline's models, the newest first.

    Raises:
        RemoteError: The bucket cannot be listed.
    """
    return list_series(series, client=client).versions


def describe_versions(versions: Sequence[Version], *, client: S3Client) -> list[DescribedVersion]:
    """Read the manifests of some versions, several concurrently.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """
    with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as pool:
        return list(pool.map(lambda version: _describe(version, client), versions))


def list_objects_of(series: ModelSeries, version: Version, *, client: S3Client) -> tuple[ListedObject, ...]:
    """List what belongs to a version right now; nothing if it is not a model anymore.

    Raises:
        RemoteError: The bucket cannot be listed.
    """
    objects = list(list_prefix(version.prefix, client=client))
    found = (each.objects for each in _find_versions(series, objects) if each.prefix == version.prefix)
    return next(found, ())


def read_version(series: ModelSeries, name: str, *, client: S3Client) -> StoredManifest:
    """Read the manifest of one version.

    Raises:
        ModelNotFoundError: There is none of this name, or its manifest is damaged.
        RemoteError: S3 refused, failed or could not be reached.
    """
    prefix = series.prefix_of(name)
    try:
        if prefix is not None:
            return read_manifest(prefix, client=client)
    except NoManifestError:
        pass
    known = [version.name for version in list_versions(series, client=client)]
    # No guess: of dates, the one that is spelled alike is seldom the one that is meant.
    there = f"there are {listed(known)}" if known else "no model is there yet"
    raise ModelNotFoundError(f"{series.root} holds no model {quoted(name)}; {there}.")


def _listing(series: ModelSeries, objects: Sequence[ListedObject]) -> Listing:
    manifests = {item.key: item for item in objects if _is_manifest(item.key)}
    return Listing(tuple(_find_versions(series, objects)), tuple(_find_reports(series, objects)), manifests)


def _find_versions(series: ModelSeries, objects: Sequence[ListedObject]) -> list[Version]:
    uploaded_at = {
        _folder(item.key): item.last_modified
        for item in objects
        if _is_manifest(item.key) and not series.report_of(replace(series.root, key=_folder(item.key)))
    }
    belonging: dict[str, list[ListedObject]] = defaultdict(list)
    for item in objects:
        belonging[_model_of(item.key, uploaded_at)].append(item)
    versions = []
    for folder, moment in uploaded_at.items():
        prefix = replace(series.root, key=folder)
        if name := series.version_of(prefix):
            versions.append(Version(name, prefix, moment, tuple(belonging[folder])))
    versions.sort(key=attrgetter("uploaded_at"), reverse=True)
    if series.is_dated:
        versions.sort(key=lambda version: _date_and_place(series, version), reverse=True)
    return versions


def _date_and_place(series: ModelSeries, version: Version) -> tuple[str, bool]:
    written_to, replaced = split_replaced(version.prefix)
    return series.version_of(written_to) or version.name, not replaced


def _find_reports(series: ModelSeries, objects: Iterable[ListedObject]) -> list[S3Url]:
    folders = ((item.last_modified, _folder(item.key)) for item in objects if _is_manifest(item.key))
    prefixes = (replace(series.root, key=key) for _, key in sorted(folders, reverse=True))
    return [prefix for prefix in prefixes if series.report_of(prefix)]


def read_report(series: ModelSeries, name: str | None, *, client: S3Client) -> StoredManifest:
    """Read the manifest of the newest report on a model that failed its gates.

    Args:
        series: The pipeline's models.
        name: The version that it would have become; None for any.
        client: The client for the bucket.

    Raises:
        RegistryError: There is no such report.
        ModelNotFoundError: Its manifest is damaged.
        RemoteError: S3 refused, failed or could not be reached.
    """
    above = series.prefix_of(name) if name else series.root
    for report in list_series(series, client=client).reports:
        if above and report.key.startswith(above.key):
            return read_manifest(report, client=client)
    of_version = f" of {name}" if name else ""
    raise RegistryError(
        f"{series.root} holds no report on a rejected model{of_version}: every model passed its gates, or has none."
    )


def _describe(version: Version, client: S3Client) -> DescribedVersion:
    try:
        stored = read_manifest(version.prefix, client=client)
    except ModelNotFoundError as error:
        return DescribedVersion(version, problem=str(error))
    return DescribedVersion(version, stored.content, stored.sha256)


def _is_manifest(key: str) -> bool:
    return key.rpartition("/")[2] == MANIFEST_FILE


def _folder(key: str) -> str:
    return key[: key.rstrip("/").rfind("/") + 1]


def _model_of(key: str, models: Container[str]) -> str:
    """Return the nearest folder above an object that holds a model; an empty string if none does."""
    folder = _folder(key)
    while folder and folder not in models:
        folder = _folder(folder)
    return folder
