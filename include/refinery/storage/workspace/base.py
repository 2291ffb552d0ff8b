"""What every workspace does for the steps of a run, wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage.workspace.run_folder import RunFolder

# What a step leaves for the next ones.
Part = Literal["dataset", "model"]


class Checkpoint(Protocol):
    """A few bytes that a step leaves for its next try."""

    def read(self) -> bytes:
        """Return what was written last; nothing where nothing was.

        Raises:
            StorageError: It cannot be read.
        """

    def write(self, content: bytes) -> None:
        """Replace it, whole or not at all.

        Raises:
            StorageError: It cannot be written.
        """


class Workspace(Protocol):
    """Where the steps of one run meet."""

    @property
    def location(self) -> str:
        """Where it is, for people."""

    def open(self, *, reads: Part | None = None, writes: Part) -> AbstractContextManager[RunFolder]:
        """Yield a local folder that holds what was read; what is written there is kept when the block succeeds.

        The step that writes the dataset starts over: the folder is empty, and what the run left before is gone.

        Args:
            reads: What an earlier step left.
            writes: What this step leaves, in place of what an earlier try of it left.

        Raises:
            StorageError: It cannot be read or written.
        """

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the training keeps what its next try can go on from; a new dataset empties it."""

    def upload_model(self, prefix: S3Url, *, client: S3Client) -> list[str]:
        """Put the model under a prefix, as `replace_model` does, and return the URLs of its files.

        Raises:
            StorageError: The model is incomplete, or cannot be put there.
        """

    def read_manifest(self) -> dict[str, Any]:
        """Return the model's manifest."""

    def remove(self) -> None:
        """Delete everything that the run has left, if anything.

        Raises:
            StorageError: Something cannot be deleted.
        """
