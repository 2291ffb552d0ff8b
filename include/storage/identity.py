"""Which dataset a run has read, so that a model can say what it was trained on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from include.storage.errors import IdentityUnreadableError
from include.storage.local_file import new_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DatasetIdentity:
    """What tells one version of a dataset from every other.

    Attributes:
        url: Where it came from.
        file_name: Its name in the run's dataset folder.
        size: Its size in bytes.
        sha256: The SHA-256 of its bytes, in hex.
        etag: The server's ETag without quotes, where it gave one.
        version_id: The version on S3, where the bucket keeps versions.
        last_modified: When the server says it was written, in ISO 8601.
    """

    url: str
    file_name: str
    size: int
    sha256: str
    etag: str | None = None
    version_id: str | None = None
    last_modified: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as a JSON object."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DatasetIdentity:
        """Make the identity from what `to_dict` gave; keys that a newer version added are left out."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


def write_identity(identity: DatasetIdentity, path: Path) -> None:
    """Write the identity as JSON, whole or not at all.

    Raises:
        LocalFileError: The file cannot be written.
    """
    with new_file(path) as file:
        file.write(json.dumps(identity.to_dict(), indent=2).encode())


def read_identity(path: Path) -> DatasetIdentity:
    """Read what `write_identity` wrote.

    Raises:
        IdentityUnreadableError: The file is missing or damaged.
    """
    try:
        return DatasetIdentity.from_dict(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise IdentityUnreadableError(path, "it is not there") from error
    except (OSError, ValueError, TypeError) as error:
        raise IdentityUnreadableError(path, str(error)) from error
