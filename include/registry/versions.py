"""Lists the models of a pipeline, at a few requests for a thousand of them.

What is there, how large and how old, is told by a listing of all objects under the root: a request for each thousand. It is true
whatever was copied, deleted or replaced by other means, which an index beside the models would not be, and runs that end at once do
not contend for it. Only manifests that are shown are read.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from include.registry.errors import ModelNotFoundError, NoManifestError, NoReportError, NoSuchVersionError
from include.registry.manifest import StoredManifest, read_manifest
from include.registry.series import REJECTED
from include.storage import MANIFEST, list_prefix

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Container, Iterable, Sequence

    from mypy_boto3_s3 import S3Client

    from include.registry.series import ModelSeries
    from include.storage import ListedObject
    from include.urls import S3Url

# As many as a client keeps connections.
_REQUESTS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Version:
    """A model of a pipeline, as a listing tells of it.

    Attributes:
        name: What stands for the output's templates, as "2026-01-31".
        prefix: The model's prefix.
        uploaded_at: When its manifest was written.
        objects: All under its prefix that do not belong to another model.
    """

    name: str
    prefix: S3Url
    uploaded_at: dt.datetime
    objects: tuple[ListedObject, ...]

    @property
    def size(self) -> int:
        """The size of its objects together, in bytes."""
        return sum(item.size for item in self.objects)


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies under a pipeline's root.

    Attributes:
        versions: Its models, the newest first: by date, where their names tell it, else by when they were uploaded.
        reports: The prefixes of the reports on models that failed their gates, the newest first by when they were uploaded.
    """

    versions: tuple[Version, ...]
    reports: tuple[S3Url, ...]


@dataclass(frozen=True, slots=True)
class DescribedVersion:
    """A model of a pipeline with its manifest.

    Attributes:
        version: Which it is.
        manifest: What its manifest says; empty where that cannot be read.
        problem: Why the manifest cannot be read; empty where it can.
    """

    version: Version
    manifest: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def list_series(series: ModelSeries, *, client: S3Client) -> Listing:
    """List a pipeline's models, and the reports on those that were rejected.

    Raises:
        RemoteError: The bucket cannot be listed.
    """
    objects = list(list_prefix(series.root, client=client))
    return Listing(tuple(_find_versions(series, objects)), tuple(_find_reports(series, objects)))


def list_versions(series: ModelSeries, *, client: S3Client) -> tuple[Version, ...]:
    """List a pipeline's models, the newest first.

    Raises:
        RemoteError: The bucket cannot be listed.
    """
    return list_series(series, client=client).versions


def describe_versions(versions: Sequence[Version], *, client: S3Client) -> list[DescribedVersion]:
    """Read the manifests of some versions, several at once.

    Raises:
        RemoteError: S3 refuses or cannot be reached.
    """
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        return list(pool.map(lambda version: _describe(version, client), versions))


def read_version(series: ModelSeries, name: str, *, client: S3Client) -> StoredManifest:
    """Read the manifest of one version.

    Raises:
        NoSuchVersionError: There is none of this name; the nearest names are told.
        ModelNotFoundError: Its manifest is damaged.
        RemoteError: S3 refuses or cannot be reached.
    """
    prefix = series.prefix_of(name)
    try:
        if prefix is not None:
            return read_manifest(prefix, client=client)
    except NoManifestError:
        pass
    known = [version.name for version in list_versions(series, client=client)]
    raise NoSuchVersionError(str(series.root), name, known)


def _find_versions(series: ModelSeries, objects: Sequence[ListedObject]) -> list[Version]:
    uploaded_at = {_folder(item.key): item.last_modified for item in objects if _is_manifest(item.key)}
    belonging: dict[str, list[ListedObject]] = defaultdict(list)
    for item in objects:
        belonging[_model_of(item.key, uploaded_at)].append(item)
    versions = []
    for folder, moment in uploaded_at.items():
        prefix = replace(series.root, key=folder)
        if name := series.version_of(prefix):
            versions.append(Version(name, prefix, moment, tuple(belonging[folder])))
    by_age = attrgetter("uploaded_at")
    return sorted(versions, key=attrgetter("name") if series.is_dated else by_age, reverse=True)


def _find_reports(series: ModelSeries, objects: Iterable[ListedObject]) -> list[S3Url]:
    found = []
    for item in objects:
        folder, inside, name = item.key.rpartition(REJECTED)
        prefix = replace(series.root, key=f"{folder}/")
        if inside and name.endswith(f"/{MANIFEST}") and series.version_of(prefix):
            found.append((item.last_modified, _folder(item.key)))
    return [replace(series.root, key=key) for _, key in sorted(found, reverse=True)]


def read_report(series: ModelSeries, name: str | None, *, client: S3Client) -> StoredManifest:
    """Read the manifest of the newest report on a model that failed its gates.

    Args:
        series: The pipeline's models.
        name: The version that it would have been; None for any.
        client: The client for the bucket.

    Raises:
        NoReportError: There is no such report.
        ModelNotFoundError: Its manifest is damaged.
        RemoteError: S3 refuses or cannot be reached.
    """
    above = series.prefix_of(name) if name else series.root
    for report in list_series(series, client=client).reports:
        if above and report.key.startswith(above.key):
            return read_manifest(report, client=client)
    raise NoReportError(str(series.root), name)


def _describe(version: Version, client: S3Client) -> DescribedVersion:
    try:
        return DescribedVersion(version, read_manifest(version.prefix, client=client).content)
    except ModelNotFoundError as error:
        return DescribedVersion(version, problem=str(error))


def _is_manifest(key: str) -> bool:
    return key.rpartition("/")[2] == MANIFEST and REJECTED not in key


def _folder(key: str) -> str:
    return key[: key.rstrip("/").rfind("/") + 1]


def _model_of(key: str, models: Container[str]) -> str:
    """Return the nearest folder above an object that holds a model; the empty text where none does."""
    folder = _folder(key)
    while folder and folder not in models:
        folder = _folder(folder)
    return folder
