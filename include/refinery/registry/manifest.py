"""Read what describes a model on S3: its manifest, current or as promoted, and the card next to it."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError

from refinery.registry.errors import (
    ManifestChangedError,
    ModelNotFoundError,
    NoManifestError,
    PromotedModelGoneError,
    RegistryError,
)
from refinery.spec.artifacts import CARD_HTML, MANIFEST_FILE
from refinery.spec.series import replaced_prefix
from refinery.storage import read_object
from refinery.storage.errors import ObjectNotFoundError
from refinery.wording import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage import RetryPolicy


class PromotedModel(Protocol):
    """What a promotion says of which model it is about."""

    @property
    def prefix(self) -> str:
        """The model's prefix."""

    @property
    def url(self) -> S3Url:
        """The model's prefix as a URL."""

    @property
    def manifest_sha256(self) -> str:
        """The SHA-256 of its manifest's bytes, in hex."""


class _Column(BaseModel):
    name: str
    dtype: str | None = None
    categories: list[Any] | None = None


class _Data(BaseModel):
    target: _Column | None = None
    features: list[_Column] = []
    dates: dict[str, str] | None = None


class _Provenance(BaseModel):
    run: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    dataset: dict[str, Any] | None = None
    spec: dict[str, Any] | None = None
    params: dict[str, Any] | None = None


class _Shape(BaseModel):
    """The shape of what is read from manifests; everything else may be anything."""

    format: str | None = None
    files: dict[str, dict[str, Any]] | None = None
    data: _Data | None = None
    model: dict[str, Any] | None = None
    script: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    split: dict[str, Any] | None = None
    evaluation: dict[str, Any] | None = None
    notes: list[Any] | None = None
    warnings: list[Any] | None = None
    gates: list[Any] | None = None
    provenance: _Provenance | None = None


_SECTIONS = ("metrics", "params", "data", "files", "environment", "provenance", "source")


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it lies on S3.

    Attributes:
        prefix: The model's prefix.
        content: What it says.
        sha256: The SHA-256 of its bytes, in hex.
        raw: Its bytes; empty where only what it says is known.
    """

    prefix: S3Url
    content: dict[str, Any]
    sha256: str
    raw: bytes = field(default=b"", repr=False)

    @property
    def run(self) -> dict[str, Any]:
        """What it says of the run; empty if the model was trained by hand."""
        return dict((self.content.get("provenance") or {}).get("run") or {})

    @property
    def date(self) -> datetime:
        """The date of the run that made the model; if it was trained by hand, when that was."""
        text = self.run.get("logical_date") or self.run.get("run_after") or self.content.get("created_at")
        try:
            date = datetime.fromisoformat(str(text))
        except ValueError as error:
            raise ModelNotFoundError.at(
                str(self.prefix), f"its {MANIFEST_FILE} does not name a date"
            ) from error
        return date if date.tzinfo else date.replace(tzinfo=UTC)


def pipeline_names(content: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Return the name of a manifest's pipeline, None if it has none, and the names that the pipeline had before."""
    provenance = content.get("provenance") or {}
    pipeline, run = provenance.get("pipeline") or {}, provenance.get("run") or {}
    name = pipeline.get("name") or run.get("dag_id")
    return name, tuple(str(former) for former in pipeline.get("former_names") or ())


def read_manifest(
    prefix: S3Url,
    *,
    client: S3Client,
    expected_sha256: str | None = None,
    policy: RetryPolicy | None = None,
) -> StoredManifest:
    """Read a model's manifest.

    Args:
        prefix: The model's prefix.
        client: The client for its bucket.
        expected_sha256: The SHA-256 that its bytes must have; None allows any.
        policy: How often and how patiently to try again.

    Raises:
        ModelNotFoundError: There is none, or it is not a JSON object.
        ManifestChangedError: It is not the expected one.
        RemoteError: S3 refused, failed or could not be reached.
    """
    url = prefix.child(MANIFEST_FILE)
    try:
        content = read_object(url, client=client, policy=policy)
    except ObjectNotFoundError as error:
        raise NoManifestError.at(prefix, f"there is no {MANIFEST_FILE} (a run may have failed)") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if expected_sha256 not in (None, sha256):
        raise ManifestChangedError(
            f"{url} was changed after its model was promoted: its SHA-256 is {sha256}, it was {expected_sha256}. Nothing was "
            "loaded. Find out who changed it; if the change is intended, promote the model again."
        )
    return StoredManifest(prefix, parse_manifest(content, str(prefix)), sha256, content)


def read_promoted(
    promotion: PromotedModel, *, client: S3Client, policy: RetryPolicy | None = None
) -> StoredManifest:
    """Read the manifest of a model as it was promoted: under the prefix of its run, or where it was kept when replaced.

    Args:
        promotion: The model's promotion.
        client: The client for its bucket.
        policy: How often and how patiently to try again.

    Raises:
        PromotedModelGoneError: The model is not there anymore.
        ManifestChangedError: The manifest is not the one that was promoted, and the model was not kept.
        ModelNotFoundError: The manifest is damaged.
        RemoteError: S3 refused, failed or could not be reached.
    """
    expected = promotion.manifest_sha256
    try:
        return read_manifest(promotion.url, client=client, expected_sha256=expected, policy=policy)
    except (NoManifestError, ManifestChangedError) as error:
        kept = replaced_prefix(promotion.url, expected)
        try:
            return read_manifest(kept, client=client, expected_sha256=expected, policy=policy)
        except (ModelNotFoundError, ManifestChangedError):
            pass
        if isinstance(error, NoManifestError):
            raise PromotedModelGoneError.at(
                promotion.prefix,
                f"it was promoted, but there is no {MANIFEST_FILE} anymore. Run its date again, or go back to the model before "
                f"it: {command_line('rollback NAME')}",
            ) from error
        raise


def read_card(manifest: StoredManifest, name: str = CARD_HTML, *, client: S3Client) -> bytes:
    """Read a model's card, after checking it against the model's manifest.

    Args:
        manifest: The model's manifest.
        name: Which form of the card: card.html or card.md.
        client: The client for the model's bucket.

    Raises:
        RegistryError: The model has none, or it is not the one that the manifest lists.
        RemoteError: S3 refused, failed or could not be reached.
    """
    lacks_card = f"The model {manifest.prefix} has no card:"
    listed = (manifest.content.get("files") or {}).get(name)
    if listed is None:
        raise RegistryError(
            f"{lacks_card} its run did not write {name}. Unless the config says card: false, run its date again."
        )
    url = manifest.prefix.child(name)
    try:
        card = read_object(url, client=client)
    except ObjectNotFoundError as error:
        raise RegistryError(
            f"{lacks_card} its manifest lists {name}, but the file is not there anymore. Run its date again."
        ) from error
    if hashlib.sha256(card).hexdigest() != listed.get("sha256"):
        raise RegistryError(
            f"{url} is not the card that its model's manifest lists: its SHA-256 differs. Unless a run is replacing the model "
            "right now, find out who changed it."
        )
    return card


def parse_manifest(content: bytes, location: str) -> dict[str, Any]:
    """Parse a manifest.

    Args:
        content: Its bytes.
        location: The model's prefix or folder, for the error.

    Raises:
        ModelNotFoundError: It is not a JSON object, or a part of it is not what it has to be.
    """
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelNotFoundError.at(location, f"its {MANIFEST_FILE} is damaged: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelNotFoundError.at(location, f"its {MANIFEST_FILE} is not a JSON object")
    for name in _SECTIONS:
        if not isinstance(manifest.get(name), dict | None):
            raise ModelNotFoundError.at(
                location, f"its {MANIFEST_FILE} is damaged: {name} is not a JSON object"
            )
    for name, value in (manifest.get("metrics") or {}).items():
        if not isinstance(value, int | float) or (isinstance(value, int) and abs(value) > sys.float_info.max):
            raise ModelNotFoundError.at(
                location, f"its {MANIFEST_FILE} is damaged: {name} is {value!r:.60}, not a number"
            )
    try:
        _Shape.model_validate({name: value for name, value in manifest.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ModelNotFoundError.at(location, f"its {MANIFEST_FILE} is damaged: {problem}") from error
    return manifest
