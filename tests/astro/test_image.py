"""What goes into the image."""

from __future__ import annotations

import os
import re
import shlex
import sys

import pytest

TAKEN = [
    "dags/load_pipelines.py",
    "dags/.airflowignore",
    "configs/defaults.yml",
    "configs/team_a/churn.yml",
    "include/refinery/operators/train.py",
    "include/refinery/config/__init__.py",
    "include/models/random_forest.py",
    "include/sample_data/datasets/wine_cultivar.csv",
    "tests/dags/test_dag_integrity.py",
    ".astro/test_dag_integrity_default.py",
    "pyproject.toml",
    "refinery",
    "requirements.txt",
    "packages.txt",
]
LEFT_OUT = [
    ".git/config",
    ".github/workflows/ci.yml",
    ".venv/bin/python",
    ".local/s3/models/manifest.json",
    ".env",
    ".env.example",
    "airflow_settings.yaml",
    "airflow.db",
    "logs/scheduler.log",
    "docs/astro.md",
    "benchmarks/parsing.py",
    "tests/conftest.py",
    "tests/storage/test_workspace.py",
    ".mypy_cache/x.json",
    ".pytest_cache/x",
    "include/__pycache__/urls.cpython-312.pyc",
    "include/refinery/config/__pycache__/__init__.cpython-312.pyc",
]


@pytest.fixture(scope="module")
def image_files(build_context, tmp_path_factory):
    """What the image takes of a project with all of these files."""
    root = tmp_path_factory.mktemp("project")
    for name in TAKEN + LEFT_OUT:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return build_context(root)


@pytest.mark.parametrize("name", TAKEN)
def test_what_runs_in_production_is_in_the_image(image_files, name):
    assert name in image_files


@pytest.mark.parametrize("name", LEFT_OUT)
def test_secrets_local_data_and_developers_files_are_not_in_the_image(image_files, name):
    assert name not in image_files


def test_the_dockerfile_follows_good_practice(project, tool, run):
    checked = run([tool("hadolint"), str(project / "Dockerfile")])
    assert checked.returncode == 0, checked.stdout


def test_no_system_packages_are_installed(project):
    # The image asks apt only for a file that is not empty: a comment would already cost an `apt-get update`.
    assert (project / "packages.txt").read_bytes() == b""


def test_dag_factory_sends_no_telemetry(project):
    settings = re.findall(r"^ENV (.+)$", (project / "Dockerfile").read_text(), re.MULTILINE)
    assert "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY=False" in settings


def test_fonts_are_found_when_the_image_is_built(project, run, tmp_path):
    command = re.search(r"^RUN python (.+)$", (project / "Dockerfile").read_text(), re.MULTILINE)
    run([sys.executable, *shlex.split(command[1])], env={**os.environ, "MPLCONFIGDIR": str(tmp_path)})
    assert list(tmp_path.glob("fontlist-*.json"))
