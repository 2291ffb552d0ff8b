"""Which files a run has read as its dataset, so that a manifest can name what the model was trained on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from refinery.storage.errors import StorageError
from refinery.storage.local_files import new_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DatasetIdentity:
    """What distinguishes one version of a dataset's file from every other.

    Attributes:
        url: Where it came from.
        file_name: Its name in the run's dataset folder.
        size: Its size in bytes.
        sha256: The SHA-256 of its bytes, in hex.
        etag: The server's ETag without quotes, where it gives one.
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
        """Restore the identity from what `to_dict` returned; keys that a newer version added are ignored."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


def describe_dataset(files: Sequence[DatasetIdentity]) -> dict[str, Any]:
    """Return a dataset's identity as a JSON object: that of its file, or of several files together.

    Several files become "files", each with all its attributes, in the order in which their rows were read; "size", their sum in
    bytes; and "sha256", the SHA-256 in hex of their own, each in hex and followed by a newline, so that
    `jq -r '.files[].sha256' | sha256sum` computes it again.
    """
    if len(files) == 1:
        return files[0].to_dict()
    hashes = "".join(f"{file.sha256}\n" for file in files)
    return {
        "files": [file.to_dict() for file in files],
        "size": sum(file.size for file in files),
        "sha256": hashlib.sha256(hashes.encode()).hexdigest(),
    }


def write_identity(files: Sequence[DatasetIdentity], path: Path) -> None:
    """Write the identities of a dataset's files as JSON, a list under "files", atomically.

    Raises:
        StorageError: The file cannot be written.
    """
    with new_file(path) as file:
        file.write(json.dumps({"files": [identity.to_dict() for identity in files]}, indent=2).encode())


def read_identity(path: Path) -> list[DatasetIdentity]:
    """Read what `write_identity` wrote: one identity or more.

    Raises:
        StorageError: The file is missing or damaged.
    """
    try:
        files = [DatasetIdentity.from_dict(values) for values in json.loads(path.read_bytes())["files"]]
    except FileNotFoundError as error:
        raise _unreadable(path, "it is not there") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _unreadable(path, str(error)) from error
    if not files:
        raise _unreadable(path, "it names no file")
    return files


def _unreadable(path: Path, detail: str) -> StorageError:
    return StorageError(
        f"{path} does not name the dataset: {detail}. Clear the download task to run it again."
    )
