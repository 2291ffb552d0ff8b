from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinery.storage import RunFolder
from refinery.storage.errors import StorageError

DAG = "team_a.churn__us"
RUN = "scheduled__2026-01-31T12:00:00+00:00"
# Database columns hold no halves of surrogate pairs.
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@pytest.fixture
def workspace(tmp_path) -> RunFolder:
    return RunFolder.of_run(tmp_path / "root", DAG, RUN)


def fill(workspace: RunFolder) -> None:
    workspace.create()
    (workspace.dataset_dir / "table.csv").write_text("1")
    (workspace.model_dir / "deep" / "er").mkdir(parents=True)
    (workspace.model_dir / "deep" / "er" / "model.pkl").write_text("1")
    workspace.identity_file.write_text("{}")


class TestNames:
    def test_a_run_id_makes_a_folder_name_that_can_be_read(self, workspace, tmp_path):
        name = "scheduled__2026-01-31T12%3A00%3A00%2B00%3A00"
        assert workspace.path == tmp_path / "root" / DAG / name
        assert workspace.dataset_dir == workspace.path / "dataset"
        assert workspace.model_dir == workspace.path / "model"
        assert workspace.identity_file == workspace.path / "dataset.json"

    def test_naming_touches_no_disk(self, workspace, tmp_path):
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "run_id",
        ["..", ".", "...", "../../etc", "/etc/passwd", "a/b", "a\\b", "a\x00b", "~", "-rf", "é" * 250],
    )
    def test_no_run_id_leads_elsewhere(self, tmp_path, run_id):
        workspace = RunFolder.of_run(tmp_path, DAG, run_id)
        workspace.create()
        assert workspace.path.resolve().parent == (tmp_path / DAG).resolve()
        assert workspace.path.resolve() == workspace.path

    @given(ids, ids)
    def test_every_id_makes_one_safe_name(self, dag_id, run_id):
        path = RunFolder.of_run(Path("root"), dag_id, run_id).path
        assert len(path.parts) == 3
        for part in path.parts[1:]:
            assert part.isascii()
            assert part.isprintable()
            assert len(part) <= 200
            assert part.strip(".")

    @given(ids, ids)
    def test_different_ids_never_share_a_folder(self, one, other):
        paths = [RunFolder.of_run(Path("root"), DAG, run_id).path for run_id in (one, other)]
        assert (paths[0] == paths[1]) == (one == other)

    def test_a_run_id_made_to_look_like_a_hashed_one_does_not_share_its_folder(self):
        hashed = RunFolder.of_run(Path("root"), DAG, "x" * 250).path
        assert RunFolder.of_run(Path("root"), DAG, hashed.name).path != hashed


class TestCreate:
    def test_its_folders_are_private(self, workspace):
        workspace.create()
        for folder in (workspace.path.parent, workspace.path, workspace.dataset_dir, workspace.model_dir):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_folders_that_were_open_to_others_are_closed(self, workspace):
        workspace.dataset_dir.mkdir(parents=True, mode=0o755)
        workspace.create()
        assert stat.S_IMODE(workspace.dataset_dir.stat().st_mode) == 0o700

    def test_files_of_an_earlier_step_stay(self, workspace):
        fill(workspace)
        workspace.create()
        assert (workspace.dataset_dir / "table.csv").exists()

    @pytest.mark.parametrize("level", ["dag", "run", "dataset", "model"])
    def test_a_link_in_its_way_is_refused(self, workspace, tmp_path, level):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        link = {
            "dag": workspace.path.parent,
            "run": workspace.path,
            "dataset": workspace.dataset_dir,
            "model": workspace.model_dir,
        }[level]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(elsewhere)
        with pytest.raises(StorageError, match=str(link)):
            workspace.create()
        assert list(elsewhere.iterdir()) == []

    def test_the_root_may_be_a_link(self, tmp_path):
        (tmp_path / "disk").mkdir()
        (tmp_path / "root").symlink_to(tmp_path / "disk")
        RunFolder.of_run(tmp_path / "root", DAG, RUN).create()
        assert (tmp_path / "disk" / DAG).is_dir()

    def test_a_file_in_its_way_is_named(self, workspace):
        workspace.root.mkdir()
        workspace.path.parent.write_text("")
        with pytest.raises(StorageError, match=DAG):
            workspace.create()


class TestRemove:
    def test_nothing_of_it_is_left(self, workspace):
        fill(workspace)
        workspace.remove()
        assert list(workspace.root.iterdir()) == []

    def test_other_runs_and_pipelines_stay(self, workspace, tmp_path):
        others = [
            RunFolder.of_run(workspace.root, DAG, "scheduled__2026-02-01"),
            RunFolder.of_run(workspace.root, "team_a", RUN),
        ]
        for each in (workspace, *others):
            fill(each)
        workspace.remove()
        assert not workspace.path.exists()
        assert all((other.dataset_dir / "table.csv").exists() for other in others)

    def test_what_is_not_there_is_fine(self, workspace):
        workspace.remove()
        workspace.create()
        workspace.remove()
        workspace.remove()
        assert not workspace.path.parent.exists()

    @pytest.mark.parametrize("level", ["dag", "run"])
    def test_it_does_not_follow_a_link_to_it(self, workspace, tmp_path, level):
        precious = tmp_path / "precious" / workspace.path.name
        precious.mkdir(parents=True)
        (precious / "file").write_text("1")
        link = workspace.path if level == "run" else workspace.path.parent
        link.parent.mkdir(parents=True)
        link.symlink_to(precious if level == "run" else precious.parent)
        with pytest.raises(StorageError, match=r"is a symbolic link"):
            workspace.remove()
        assert (precious / "file").exists()

    def test_links_inside_go_and_what_they_point_to_stays(self, workspace, tmp_path):
        precious = tmp_path / "precious"
        precious.mkdir()
        (precious / "file").write_text("1")
        workspace.create()
        (workspace.model_dir / "folder").symlink_to(precious)
        (workspace.model_dir / "file").symlink_to(precious / "file")
        workspace.dataset_dir.rmdir()
        workspace.dataset_dir.symlink_to(precious)
        workspace.remove()
        assert not workspace.path.exists()
        assert (precious / "file").exists()

    def test_runs_may_come_and_go_at_once(self, tmp_path):
        """Creating one run's folder while another removes their DAG's empty one ends well for both."""

        def come_and_go(number: int) -> None:
            workspace = RunFolder.of_run(tmp_path, DAG, f"run {number}")
            for _ in range(200):
                workspace.create()
                workspace.remove()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(come_and_go, range(8)))
        assert list(tmp_path.iterdir()) == []
