"""The tests that `astro dev parse`, `astro dev pytest` and `astro deploy` run in the image."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

HEALTHY = """
from airflow.sdk import DAG

with DAG("healthy"):
    pass
"""
BROKEN = "from airflow.sdk import dag\n" + "raise ValueError('no such bucket')\n"
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
PARSE_TEST = ".astro/test_dag_integrity_default.py"


@pytest.fixture
def parse(run):
    return lambda root: run([*PYTEST, PARSE_TEST], cwd=root)


@pytest.fixture
def astro_project(project, tmp_path):
    """A project with this project's .astro folder and one healthy DAG."""
    shutil.copytree(project / ".astro", tmp_path / ".astro")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "healthy.py").write_text(HEALTHY)
    return tmp_path


@pytest.fixture
def image_root(project, build_context, tmp_path):
    """The Airflow home of the image: what the build takes of this project, and nothing else."""
    for name in build_context(project):
        if (project / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("tests", [PARSE_TEST, "tests"])
def test_the_projects_dags_pass_with_what_is_in_the_image(image_root, run, tests):
    image = {
        "AIRFLOW_HOME": str(image_root),
        "AIRFLOW__CORE__DAGS_FOLDER": str(image_root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(image_root / "plugins"),
        "PYTHONPATH": f"{image_root}:{image_root / 'include'}",
    }
    ran = run([*PYTEST, tests], cwd=image_root, env=os.environ | image)
    assert ran.returncode == 0, ran.stdout


def test_a_broken_file_is_named_with_its_error_unless_it_is_excepted(astro_project, parse):
    for name in ("broken", "excepted"):
        (astro_project / "dags" / f"{name}.py").write_text(BROKEN)
    with (astro_project / ".astro" / "dag_integrity_exceptions.txt").open("a") as exceptions:
        exceptions.write("dags/excepted.py\n")
    ran = parse(astro_project)
    assert ran.returncode == 1
    assert "dags/broken.py:\n" in ran.stdout
    assert "no such bucket" in ran.stdout
    assert "dags/excepted.py:\n" not in ran.stdout
