"""Reads the manifest of a model on S3."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.registry.errors import ManifestChangedError, ModelNotFoundError, NoManifestError
from include.storage import MANIFEST, read_object
from include.storage.errors import ObjectNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

_SECTIONS = ("metrics", "params", "data", "files", "environment", "provenance")


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it lies on S3.

    Attributes:
        prefix: The model's prefix.
        content: What it says.
        sha256: The SHA-256 of its bytes, in hex.
    """

    prefix: S3Url
    content: dict[str, Any]
    sha256: str

    @property
    def run(self) -> dict[str, Any]:
        """What it says of the run; nothing where the model was trained by hand."""
        return dict((self.content.get("provenance") or {}).get("run") or {})

    @property
    def date(self) -> datetime:
        """The date of the run that made the model; where it was trained by hand, when that was."""
        text = self.run.get("logical_date") or self.run.get("run_after") or self.content.get("created_at")
        try:
            date = datetime.fromisoformat(str(text))
        except ValueError as error:
            raise ModelNotFoundError(str(self.prefix), f"its {MANIFEST} tells no date") from error
        return date if date.tzinfo else date.replace(tzinfo=UTC)


def read_manifest(prefix: S3Url, *, client: S3Client, expected_sha256: str | None = None) -> StoredManifest:
    """Read a model's manifest.

    Args:
        prefix: The model's prefix.
        client: The client for its bucket.
        expected_sha256: What its bytes must have, where that is known.

    Raises:
        ModelNotFoundError: There is none, or it is no JSON object.
        ManifestChangedError: It is not the expected one.
        RemoteError: S3 refuses or cannot be reached.
    """
    url = prefix.child(MANIFEST)
    try:
        content = read_object(url, client=client)
    except ObjectNotFoundError as error:
        raise NoManifestError(str(prefix), " (a run may have failed)") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if expected_sha256 not in (None, sha256):
        raise ManifestChangedError(str(url), str(expected_sha256), sha256)
    return StoredManifest(prefix, parse_manifest(content, str(prefix)), sha256)


def parse_manifest(content: bytes, location: str) -> dict[str, Any]:
    """Read a manifest's text.

    Args:
        content: The text.
        location: The model's prefix or folder, for the error.

    Raises:
        ModelNotFoundError: It is no JSON object, or a part of it is not what it has to be.
    """
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise ModelNotFoundError(location, f"its {MANIFEST} is damaged: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelNotFoundError(location, f"its {MANIFEST} is no JSON object")
    for name in _SECTIONS:
        if not isinstance(manifest.get(name) or {}, dict):
            raise ModelNotFoundError(location, f"its {MANIFEST} is damaged: {name} is no JSON object")
    for name, value in (manifest.get("metrics") or {}).items():
        if not isinstance(value, int | float):
            raise ModelNotFoundError(
                location, f"its {MANIFEST} is damaged: {name} is no number but {value!r}"
            )
    return manifest
