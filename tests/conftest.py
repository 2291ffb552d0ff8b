"""Keeps the tests' Airflow apart from any other: its home is a temporary folder, set before Airflow is imported."""

from __future__ import annotations

import atexit
import compileall
import fcntl
import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.effort import effort

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("configs", "dags", "include", "plugins")
# How long an example takes says something of the machine. The same examples each time, so that a change that is right never fails.
settings.register_profile("refinery", deadline=None, derandomize=effort(True, False))
settings.load_profile("refinery")
# Collecting tests imports Airflow, pandas and scikit-learn, and makes thousands of tests: objects that all stay, and that Python would
# look through for garbage again and again.
gc.set_threshold(10_000)
AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="refinery-tests-"))
atexit.register(shutil.rmtree, AIRFLOW_HOME, ignore_errors=True)

# MAKE and MFLAGS: a test's own `make` is not one within `make test`.
for name in [
    name for name in os.environ if name.startswith(("AIRFLOW", "AWS_", "REFINERY_", "MAKE", "MFLAGS"))
]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": str(AIRFLOW_HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AWS_EC2_METADATA_DISABLED": "true",
    # Tests run side by side: more threads would only wait for each other, which takes half the time of a small training.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": f"{PROJECT}:{PROJECT / 'include'}",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `make test-all` runs, and begin with the files that start whole Airflows: what is short ends together."""
    left_out = [item for item in items if item.get_closest_marker("thorough") and not effort(False, True)]
    config.hook.pytest_deselected(items=left_out)
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items[:] = sorted(
        (item for item in items if item not in left_out), key=lambda item: item.path not in slow_files
    )


def pytest_collection_finish() -> None:
    """Exempt everything that exists now from garbage collection, since all of it stays."""
    gc.freeze()


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's root folder, compiled, so that processes in copies of it need not do that."""
    for name in PARTS:
        compileall.compile_dir(PROJECT / name, quiet=1)
    return PROJECT


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home whose database is migrated, which takes seconds: once for all processes of a test run."""
    from refinery.local.environment import airflow_environment, migrate_database

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    home = folder / "migrated"
    home.mkdir(exist_ok=True)
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        migrate_database(airflow_environment(PROJECT, home=home), home)
    return home


@pytest.fixture(scope="session")
def copy_database(migrated_home: Path) -> Callable[[Path], None]:
    """Give an Airflow's home its own migrated database."""

    def copy(home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        for pattern in ("airflow.db*", "migrated-*"):
            for file in migrated_home.glob(pattern):
                shutil.copy2(file, home)

    return copy


@pytest.fixture(scope="session")
def copy_project(project: Path) -> Callable[[Path], Path]:
    """Copy the project with its compiled files."""

    def copy(folder: Path) -> Path:
        for name in PARTS:
            shutil.copytree(project / name, folder / name)
        return folder

    return copy


@pytest.fixture
def project_copy(copy_project: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A copy of the project, whose configs and models a test may change."""
    return copy_project(tmp_path / "project")
