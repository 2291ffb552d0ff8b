"""A worker whose disk is full, or does not let the step write."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refinery.errors import RefineryError
from refinery.operators import CleanUpOperator, DownloadDatasetOperator, TrainModelOperator
from refinery.storage import LocalWorkspace
from refinery.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PETROL = "s3://iasd-data-in-the-cloud/petrol_consumption.csv"
NOBODY = 65534


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A real file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def place(workspace, small_disk, monkeypatch) -> str:
    """A workspace whose local files are on the small disk."""
    if workspace.startswith("s3://"):
        monkeypatch.setattr("tempfile.tempdir", str(small_disk))
        return workspace
    return str(small_disk / "workspace")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """Be another user for a while, where this one is root and so may do anything."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("workspace", ["on disk", "on S3"], indirect=True)
class TestFullDisk:
    def test_a_dataset_that_does_not_fit_is_reported_and_leaves_no_part(
        self, place, s3, context, small_disk, left_in_workspace
    ):
        s3.put_object(Bucket="datasets", Key="large.csv", Body=b"a,b\n" + b"1,2\n" * 100_000)
        step = DownloadDatasetOperator(
            task_id="download_dataset", source="s3://datasets/large.csv", workspace=place
        )
        with pytest.raises(
            StorageError, match=r"No space is left on the disk of .*large\.csv\. Free"
        ) as caught:
            step.execute(context)
        assert caught.value.retryable
        assert [path for path in small_disk.rglob("*") if path.is_file()] == []

    def test_a_model_that_does_not_fit_is_reported_and_clean_up_frees_the_disk(
        self, place, s3, context, small_disk
    ):
        DownloadDatasetOperator(task_id="download_dataset", source=PETROL, workspace=place).execute(context)
        model = {"class": "sklearn.ensemble.RandomForestRegressor", "params": {"n_estimators": 400}}
        step = TrainModelOperator(
            task_id="train_model", training={"model": model}, card=False, workspace=place
        )
        with pytest.raises(
            StorageError, match=r"No space is left on the disk of .*Free some, or move"
        ) as caught:
            step.execute(context)
        assert caught.value.retryable
        CleanUpOperator(task_id="clean_up", workspace=place).execute(context)
        assert [path for path in small_disk.rglob("*") if path.is_file()] == []

    def test_a_disk_on_which_no_folder_can_be_made_is_reported(self, place, s3, context, small_disk):
        with contextlib.suppress(OSError), (small_disk / "others").open("wb") as others:
            others.write(b"x" * 300_000)
        step = DownloadDatasetOperator(task_id="download_dataset", source=PETROL, workspace=place)
        with pytest.raises(RefineryError, match="No space is left") as caught:
            step.execute(context)
        assert caught.value.retryable


class TestNoRights:
    """What only a person can fix fails immediately, and names the folder."""

    @pytest.mark.parametrize("mode", [0o500, 0o000])
    @pytest.mark.parametrize(
        "use",
        [
            lambda workspace: workspace.open(writes="dataset").__enter__(),
            lambda workspace: workspace.open(writes="model").__enter__(),
            lambda workspace: workspace.remove(),
        ],
        ids=["download_dataset", "train_model", "clean_up"],
    )
    def test_a_workspace_that_may_not_be_written_is_named(self, open_folder, mode, use):
        root = open_folder / "workspace"
        workspace = LocalWorkspace.of_run(root, "churn", "scheduled__2026-01-31")
        with workspace.open(writes="dataset") as folder:
            (folder.model_dir / "model.pkl").write_bytes(b"model")
        root.chmod(mode)
        with (
            without_rights(),
            pytest.raises(StorageError, match=r"Permission denied\. Check the folder") as caught,
        ):
            use(workspace)
        root.chmod(0o700)
        assert str(root) in str(caught.value)
        assert not caught.value.retryable
        assert (workspace.folder.model_dir / "model.pkl").exists()
