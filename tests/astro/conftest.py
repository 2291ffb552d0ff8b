"""The tools that the checks of the deployment files run, and what happens where one is lacking."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import yaml
from docker.utils.build import exclude_paths

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], NoReturn]:
    """Ends a test that cannot run here: skipped for a user, failed in CI."""

    def end(reason: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"CI must be able to run this test: {reason}", pytrace=False)
        pytest.skip(reason)

    return end


@pytest.fixture(scope="session")
def tool(lacking) -> Callable[[str], str]:
    """Finds a program, first in the environment that runs the tests."""

    def find(name: str) -> str:
        beside_python = Path(sys.executable).parent
        return (
            shutil.which(name, path=beside_python)
            or shutil.which(name)
            or lacking(f"{name} is not installed")
        )

    return find


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command and keeps what it prints."""
    return partial(subprocess.run, check=False, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def build_context(project) -> Callable[[Path], set[str]]:
    """Lists what Docker would send to the build of a folder under this project's .dockerignore."""
    lines = (project / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    return lambda root: exclude_paths(str(root), patterns)


@pytest.fixture(scope="session")
def compose(project) -> dict[str, Any]:
    """The compose file's content."""
    return yaml.safe_load((project / "docker-compose.override.yml").read_text())
