"""refinery init: a project that runs immediately, or Refinery added to an existing one."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
import yaml

from refinery.scaffold import Action, plan_project

NEW = {
    ".astro/config.yaml",
    ".dockerignore",
    ".github/workflows/review-comment.yml",
    ".github/workflows/review.yml",
    ".gitignore",
    "Dockerfile",
    "airflow_settings.yaml",
    "configs/defaults.yml",
    "configs/schema.json",
    "configs/wine.yml",
    "dags/refinery_broken_configs.py",
    "dags/refinery_pipelines.py",
    "docker-compose.override.yml",
    "include/models/wine_forest.py",
    "include/sample_data/datasets/wine.csv",
    "packages.txt",
    "pyproject.toml",
    "requirements.txt",
    "tests/dags/test_pipelines.py",
}
ADDED = {
    "configs/defaults.yml",
    "configs/schema.json",
    "configs/wine.yml",
    "dags/refinery_broken_configs.py",
    "dags/refinery_pipelines.py",
    "include/models/wine_forest.py",
}
REQUIREMENT = "airflow-refinery==0.1.0\n"


@pytest.fixture
def init(tmp_path):
    """Do what is planned for a folder of these files, and return what was done to each."""

    def init(files, wheel=None):
        root = tmp_path / "project"
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        changes = plan_project(root, wheel)
        for change in changes:
            change.apply(root)
        return {str(change.path): change.action for change in changes}

    return init


def read(tmp_path, name):
    return (tmp_path / "project" / name).read_text()


def of(done, action):
    return {path for path, its_action in done.items() if its_action is action}


class TestNewProject:
    def test_an_empty_folder_becomes_an_astro_project(self, init, tmp_path):
        assert of(init({}), Action.CREATE) == NEW
        assert read(tmp_path, "requirements.txt").endswith(REQUIREMENT)
        assert json.loads(read(tmp_path, ".astro/config.yaml").rpartition("name: ")[2]) == "project"

    def test_files_that_are_there_are_left_as_they_are(self, init, tmp_path):
        done = init({"README.md": "Ours.\n", ".gitignore": "mine\n"})
        assert done[".gitignore"] is Action.DIFFERS
        assert read(tmp_path, ".gitignore") == "mine\n"

    def test_a_second_time_changes_nothing(self, init):
        init({})
        assert of(init({}), Action.CREATE) == set()

    def test_astros_containers_get_the_connection_to_their_s3_server(self, init, project, tmp_path):
        init({})
        made, example = (
            yaml.safe_load(text)["airflow"]["connections"]
            for text in (
                read(tmp_path, "airflow_settings.yaml"),
                (project / "airflow_settings.yaml.example").read_text(),
            )
        )
        assert made == example

    def test_astros_containers_are_those_of_this_project(self, init, project, tmp_path):
        init({})
        name = "docker-compose.override.yml"
        assert read(tmp_path, name) == (project / name).read_text()


class TestAirflowProject:
    DAG: ClassVar = {"dags/own.py": "from airflow.sdk import DAG\n"}

    def test_it_gets_what_it_lacks_and_nothing_else(self, init):
        assert of(init(self.DAG), Action.CREATE) == ADDED

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("pandas\n", f"pandas\n{REQUIREMENT}"),
            ("pandas", f"pandas\n{REQUIREMENT}"),
            ("", REQUIREMENT),
            ("airflow-refinery>=0.1\n", "airflow-refinery>=0.1\n"),
        ],
    )
    def test_requirements_get_one_line(self, init, tmp_path, before, after):
        init({**self.DAG, "requirements.txt": before})
        assert read(tmp_path, "requirements.txt") == after

    def test_a_second_time_changes_nothing(self, init, tmp_path):
        files = {**self.DAG, "requirements.txt": "pandas\n", "docker-compose.override.yml": "services:\n"}
        init({**files, ".astro/config.yaml": "project: {name: own}\n"})
        kept = {name: read(tmp_path, name) for name in files}
        done = init({})
        assert set(done.values()) == {Action.KEEP}
        assert {name: read(tmp_path, name) for name in files} == kept

    @pytest.mark.parametrize(
        ("override", "action"),
        [
            (None, Action.CREATE),
            ("services:\n  redis:\n    image: redis\n", Action.ADD),
            ("services:\n  scheduler:\n    mem_limit: 2g\n", Action.BY_HAND),
            ("services: {}\n", Action.BY_HAND),
            ("services: [\n", Action.BY_HAND),
            ("services:\n  scheduler:\n    volumes:\n      - ./configs:/x\n", Action.KEEP),
        ],
    )
    def test_astro_mounts_the_configs(self, init, tmp_path, override, action):
        files = {**self.DAG, ".astro/config.yaml": "project: {name: own}\n"}
        name = "docker-compose.override.yml"
        done = init({**files, name: override} if override else files)
        assert done[name] is action
        if action in (Action.CREATE, Action.ADD):
            assert read(tmp_path, name).count("./configs:/usr/local/airflow/configs:ro,z") == 4
            assert (override or "").partition("\n")[2] in read(tmp_path, name)

    def test_airflows_home_is_one_even_without_dags(self, init):
        assert of(init({"airflow.cfg": ""}), Action.CREATE) == ADDED

    def test_what_this_version_would_write_otherwise_is_shown(self, init, tmp_path):
        done = init({**self.DAG, "dags/refinery_pipelines.py": "# an older loader\n"})
        assert done["dags/refinery_pipelines.py"] is Action.DIFFERS
        [change] = [one for one in plan_project(tmp_path / "project") if one.action is Action.DIFFERS]
        assert "-# an older loader\n" in change.diff(tmp_path / "project")
        assert "+import refinery\n" in change.diff(tmp_path / "project")


class TestWheel:
    """A project carries the package's file where no index has it."""

    @pytest.fixture
    def file(self, tmp_path):
        file = tmp_path / "airflow_refinery-0.1.0-py3-none-any.whl"
        file.write_bytes(b"wheel")
        return file

    def test_a_new_project_installs_it_in_its_image(self, init, tmp_path, file):
        init({}, file)
        assert (tmp_path / "project" / "wheels" / file.name).read_bytes() == b"wheel"
        assert "/usr/local/airflow/wheels/*.whl\nUSER astro\n" in read(tmp_path, "Dockerfile")
        assert "airflow-refinery" not in read(tmp_path, "requirements.txt")

    def test_another_file_is_shown_without_its_bytes(self, init, tmp_path, file):
        init({}, file)
        root = tmp_path / "project"
        assert not any(change.diff(root) for change in plan_project(root, file))
        file.write_bytes(b"\xff another")
        [change] = [one for one in plan_project(root, file) if one.action is Action.DIFFERS]
        assert change.diff(root) == f"Binary files a/wheels/{file.name} and b/wheels/{file.name} differ\n"

    def test_an_airflow_project_adds_it_to_its_image(self, init, tmp_path, file):
        before = "FROM astrocrpublic.azurecr.io/runtime:3.3-8\n"
        init({"dags/own.py": "", "Dockerfile": before, "requirements.txt": "pandas\n"}, file)
        assert read(tmp_path, "Dockerfile").startswith(before)
        assert "/wheels/*.whl" in read(tmp_path, "Dockerfile")
        assert read(tmp_path, "requirements.txt") == "pandas\n"
