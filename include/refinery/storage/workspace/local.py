"""The workspace on a disk that all steps of a run share: nothing is copied from one step to the next."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import MANIFEST_FILE
from refinery.storage.local_files import disk_full_errors, link_error, local_error
from refinery.storage.model_prefix import upload_model
from refinery.storage.workspace.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage.workspace.base import Part


@dataclass(frozen=True, slots=True)
class FileCheckpoint:
    """A checkpoint in a file.

    Attributes:
        path: The file.
    """

    path: Path

    def read(self) -> bytes:
        """Return what was written last; nothing where nothing was."""
        try:
            if self.path.is_symlink():
                raise link_error(self.path)
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise local_error(self.path, error) from error

    def write(self, content: bytes) -> None:
        """Replace the file at once: a step that is killed leaves the one before."""
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            new.unlink(missing_ok=True)  # a link must not lead elsewhere
            with new.open("xb") as file:
                file.write(content)
            new.replace(self.path)
        except OSError as error:
            raise local_error(self.path, error) from error


@dataclass(frozen=True, slots=True)
class LocalWorkspace:
    """A folder for each run, below a common one.

    Attributes:
        folder: The run's folder.
    """

    folder: RunFolder

    @classmethod
    def of_run(cls, root: Path, dag_id: str, run_id: str) -> LocalWorkspace:
        """Return the workspace of a run, without touching the disk."""
        return cls(RunFolder.of_run(root, dag_id, run_id))

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.folder.path)

    @contextmanager
    def open(self, *, reads: Part | None = None, writes: Part) -> Iterator[RunFolder]:  # noqa: ARG002 - everything is here
        """Yield the run's folder itself."""
        if writes == "dataset":
            self.folder.remove()
            self.folder.create()
        else:
            self.folder.empty_model()
        with disk_full_errors(self.folder.path):
            yield self.folder

    @property
    def checkpoint(self) -> FileCheckpoint:
        """A file in the run's folder."""
        return FileCheckpoint(self.folder.checkpoint_file)

    def upload_model(self, prefix: S3Url, *, client: S3Client) -> list[str]:
        """Upload the model's files."""
        return upload_model(self.folder.model_dir, prefix, client=client)

    def read_manifest(self) -> dict[str, Any]:
        """Return the model's manifest."""
        return dict(json.loads((self.folder.model_dir / MANIFEST_FILE).read_bytes()))

    def remove(self) -> None:
        """Delete the run's folder."""
        self.folder.remove()
