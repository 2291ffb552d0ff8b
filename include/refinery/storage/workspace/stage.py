"""What one step staged on S3 for the next: the description comes last, so that a half-pushed stage does not count."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from refinery.storage.download import download_object
from refinery.storage.errors import DATA_CORRUPTED, ObjectNotFoundError, StorageError
from refinery.storage.local_files import link_error, local_error
from refinery.storage.objects import put_object, read_object
from refinery.storage.retry import RetryPolicy
from refinery.storage.upload import content_type_of, upload_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

_HASH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file as it lies in a stage.

    Attributes:
        object: Its object's name below the run's prefix; a number, since not every server accepts every file name.
        size: Its size in bytes.
        sha256: The SHA-256 of its bytes, in hex.
        md5: Their MD5 in hex, which S3 reports of a copy.
        etag: The object's ETag in quotes, where the server gives one.
    """

    object: str
    size: int
    sha256: str
    md5: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step leaves for the next ones, below the run's prefix.

    Each try puts its objects below a unique name, and then replaces the description, `<name>.json`, which lists them: readers
    see the files of one whole try, or none.

    Attributes:
        name: Such as "dataset".
        step: The task that pushes it, for errors.
        run: The run's prefix.
        client: The client for its bucket.
        policy: How often and how patiently each request is tried again.
    """

    name: str
    step: str
    run: S3Url
    client: S3Client
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def description(self) -> S3Url:
        """Where its description lies."""
        return self.run.child(f"{self.name}.json")

    def push(self, folder: Path, paths: Iterable[Path]) -> None:
        """Upload files, then the description that makes them count.

        Args:
            folder: What the files' names are relative to.
            paths: Files, and folders of files.

        Raises:
            StorageError: One of them cannot be read, or is a symbolic link.
            RemoteError: S3 refused, failed or could not be reached.
        """
        attempt = uuid.uuid4().hex
        files = {
            path.relative_to(folder).as_posix(): asdict(
                self._push_file(path, f"{self.name}/{attempt}/{number}")
            )
            for number, path in enumerate(_files_in(paths))
        }
        self.policy.retrying()(self._describe, files)

    def files(self) -> dict[str, StagedFile]:
        """Return the files of the last whole try by their names.

        Raises:
            StorageError: There is none, or its description is damaged.
            RemoteError: S3 refused, failed or could not be reached.
        """
        try:
            described = json.loads(read_object(self.description, client=self.client, policy=self.policy))[
                "files"
            ]
            return {name: self._staged_file(name, values) for name, values in described.items()}
        except ObjectNotFoundError as error:
            raise self.unreadable("it is not there") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise self.unreadable(str(error)) from error

    def pull(self, folder: Path) -> None:
        """Download the files into a folder, each verified by its SHA-256.

        Raises:
            StorageError: There is no whole stage, or the folder cannot be written.
            RemoteError: S3 refused, failed or could not be reached, or returned other bytes.
        """
        for name, file in self.files().items():
            self.pull_file(file, folder / name)

    def pull_file(self, file: StagedFile, path: Path) -> None:
        """Download one file of the stage, with the checks of `pull`."""
        url = self.run.child(file.object)
        try:
            received = download_object(url, path, client=self.client, policy=self.policy)
        except ObjectNotFoundError as error:
            raise self.missing(url) from error
        if received.sha256 != file.sha256:
            raise DATA_CORRUPTED.at(
                str(url), endpoint=self.client.meta.endpoint_url, detail="its SHA-256 differs"
            )

    def missing(self, url: S3Url) -> StorageError:
        """Return the error for an object of the stage that is not there anymore."""
        return self.unreadable(f"{url} is gone")

    def unreadable(self, detail: str) -> StorageError:
        """Return the error for a stage that is missing, incomplete or damaged."""
        return StorageError(
            f"{self.description} does not describe the output of {self.step}: {detail}. Clear {self.step} to run it again."
        )

    def _push_file(self, path: Path, name: str) -> StagedFile:
        size, sha256, md5 = _digests(path)
        upload = partial(upload_file, client=self.client, content_type=content_type_of(path.name))
        etag = self.policy.retrying()(upload, path, self.run.child(name))
        return StagedFile(name, size, sha256, md5, etag)

    def _describe(self, files: Mapping[str, Any]) -> None:
        content = json.dumps({"files": files}, indent=2).encode()
        put_object(self.description, content, client=self.client, content_type="application/json")

    def _staged_file(self, name: str, values: Mapping[str, Any]) -> StagedFile:
        """Read a file's description; others may write to the bucket too, so a name must not lead elsewhere."""
        file = StagedFile(**{field.name: values[field.name] for field in fields(StagedFile)})
        for path in (name, file.object):
            top, *below = PurePosixPath(path).parts or ("",)
            if top not in (self.name, f"{self.name}.json") or ".." in below or "\0" in path:
                raise ValueError(f'the name "{path}" leads elsewhere')
        return file


def _files_in(paths: Iterable[Path]) -> Iterator[Path]:
    for top in paths:
        for path in sorted([top, *top.rglob("*")]):
            if path.is_symlink():
                raise link_error(path)
            if path.is_file():
                yield path


def _digests(path: Path) -> tuple[int, str, str]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_HASH_BYTES):
                sha256.update(chunk)
                md5.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise local_error(path, error) from error
    return size, sha256.hexdigest(), md5.hexdigest()
