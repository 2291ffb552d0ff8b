"""The test that `astro dev parse` and `astro deploy` run: .astro/test_dag_integrity_default.py."""

from __future__ import annotations

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


@pytest.fixture
def parse(run):
    return lambda root: run([*PYTEST, ".astro/test_dag_integrity_default.py"], cwd=root)


@pytest.fixture
def astro_project(project, tmp_path):
    """A project with this project's .astro folder and one healthy DAG."""
    shutil.copytree(project / ".astro", tmp_path / ".astro")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "healthy.py").write_text(HEALTHY)
    return tmp_path


def test_the_projects_own_dags_pass(project, parse):
    ran = parse(project)
    assert ran.returncode == 0, ran.stdout


def test_healthy_dags_pass(astro_project, parse):
    ran = parse(astro_project)
    assert ran.returncode == 0, ran.stdout


def test_a_broken_file_is_named_with_its_error(astro_project, parse):
    (astro_project / "dags" / "broken.py").write_text(BROKEN)
    ran = parse(astro_project)
    assert ran.returncode == 1
    assert "dags/broken.py" in ran.stdout
    assert "no such bucket" in ran.stdout


def test_an_excepted_file_may_be_broken(astro_project, parse):
    (astro_project / "dags" / "broken.py").write_text(BROKEN)
    with (astro_project / ".astro" / "dag_integrity_exceptions.txt").open("a") as exceptions:
        exceptions.write("dags/broken.py\n")
    ran = parse(astro_project)
    assert ran.returncode == 0, ran.stdout
