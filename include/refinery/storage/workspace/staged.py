"""The workspace on S3, for steps that run on workers without a shared disk."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import MANIFEST_FILE
from refinery.storage.errors import ObjectNotFoundError
from refinery.storage.listing import list_prefix
from refinery.storage.local_files import disk_full_errors, scratch_folder
from refinery.storage.model_prefix import replace_model
from refinery.storage.objects import abort_uploads, delete_objects, put_object, read_object
from refinery.storage.retry import RetryPolicy
from refinery.storage.workspace.publishing import publish_file
from refinery.storage.workspace.run_folder import RunFolder, safe_name
from refinery.storage.workspace.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage.workspace.base import Part
    from refinery.storage.workspace.stage import StagedFile


_CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class ObjectCheckpoint:
    """A checkpoint in an object.

    Attributes:
        url: The object.
        client: The client for its bucket.
        policy: How often and how patiently each request is tried again.
    """

    url: S3Url
    client: S3Client
    policy: RetryPolicy

    def read(self) -> bytes:
        """Return what was written last; nothing where nothing was."""
        try:
            return read_object(self.url, client=self.client, policy=self.policy)
        except ObjectNotFoundError:
            return b""

    def write(self, content: bytes) -> None:
        """Replace the object."""
        put = partial(put_object, self.url, content, client=self.client, content_type="text/plain")
        self.policy.retrying()(put)


@dataclass(frozen=True, slots=True)
class StagedWorkspace:
    """A prefix for each run, below a common one; each step works in a private folder, which is gone when it ends.

    Attributes:
        run: The run's prefix.
        client: The client for its bucket.
        policy: How often and how patiently each request is tried again.
    """

    run: S3Url
    client: S3Client
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    def of_run(cls, root: S3Url, dag_id: str, run_id: str, *, client: S3Client) -> StagedWorkspace:
        """Return the workspace of a run, without a request to S3.

        Args:
            root: The prefix of all workspaces, its key ending with "/" or empty.
            dag_id: The run's DAG.
            run_id: The run.
            client: The client for the bucket.
        """
        return cls(root.child(f"{_key_name(dag_id)}/{_key_name(run_id)}/"), client)

    @property
    def location(self) -> str:
        """The run's prefix."""
        return str(self.run)

    @contextmanager
    def open(self, *, reads: Part | None = None, writes: Part) -> Iterator[RunFolder]:
        """Yield a private folder; what is read is downloaded first, and what is written is uploaded last."""
        with scratch_folder() as scratch:
            folder = RunFolder(root=scratch, path=scratch / "run")
            folder.create()
            if reads:
                self._stage(reads).pull(folder.path)
            self._forget(writes)
            with disk_full_errors(folder.path):
                yield folder
            paths = [folder.dataset_dir, folder.identity_file] if writes == "dataset" else [folder.model_dir]
            self._stage(writes).push(folder.path, paths)

    @property
    def checkpoint(self) -> ObjectCheckpoint:
        """An object below the run's prefix."""
        return ObjectCheckpoint(self.run.child(_CHECKPOINT), self.client, self.policy)

    def upload_model(self, prefix: S3Url, *, client: S3Client) -> list[str]:
        """Copy the model's files, inside S3 if one server holds both prefixes."""
        stage = self._stage("model")
        files = self._model_files()

        def put(name: str, url: S3Url) -> None:
            publish_file(stage, files[name], url, client=client)

        return replace_model(
            files,
            prefix,
            manifest_sha256=files[MANIFEST_FILE].sha256,
            put=put,
            client=client,
            policy=self.policy,
        )

    def read_manifest(self) -> dict[str, Any]:
        """Return the model's manifest."""
        url = self.run.child(self._model_files()[MANIFEST_FILE].object)
        return dict(json.loads(read_object(url, client=self.client, policy=self.policy)))

    def remove(self) -> None:
        """Delete all objects of the run, and the uploads that a killed step has left unfinished."""
        abort_uploads(self.run, client=self.client, policy=self.policy)
        found = [item.key for item in list_prefix(self.run, client=self.client, policy=self.policy)]
        objects = [self.run.child(key.removeprefix(self.run.key)) for key in found]
        delete_objects(objects, client=self.client, policy=self.policy)

    def _stage(self, part: Part) -> Stage:
        step = {"dataset": "download_dataset", "model": "train_model"}[part]
        return Stage(part, step, self.run, self.client, self.policy)

    def _forget(self, part: Part) -> None:
        """Make what an earlier try left, and what was made of it, count no more; clean_up deletes the objects themselves.

        Objects are not deleted here: if the earlier try is not dead but only lost, its stage stays whole.
        """
        parts: tuple[Part, ...] = ("dataset", "model") if part == "dataset" else ("model",)
        gone = [self._stage(each).description for each in parts]
        if part == "dataset":
            gone.append(self.checkpoint.url)
        delete_objects(gone, client=self.client, policy=self.policy)

    def _model_files(self) -> dict[str, StagedFile]:
        stage = self._stage("model")
        files = {name.removeprefix("model/"): file for name, file in stage.files().items()}
        if MANIFEST_FILE not in files:
            raise stage.unreadable(f"there is no {MANIFEST_FILE}")
        return files


def _key_name(identifier: str) -> str:
    """Name a run or a DAG in a key as in a path, but without percent signs, which not every server accepts in keys."""
    return safe_name(identifier).replace("=", "!").replace("%", "=")
