"""A project in its own git repository, whose versions a test writes and compares."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from refinery.review.compare import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.review.plan import Plan

RIDGE = "def build_model(alpha=1.0):\n    return None\n"
# Commits of a test must not depend on who runs it, and when.
_WHO = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_AUTHOR_DATE": "2026-01-31T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-31T12:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def config(name: str, more: str = "") -> str:
    """Write a config that is right."""
    return (
        f"source: s3://data/{name}.csv\nmodel: ridge\noutput: s3://models/{name}/{{{{ ds }}}}/\n"
        f'schedule: "0 12 * * *"\n{more}'
    )


@dataclass(frozen=True)
class VersionedProject:
    """A project in a git repository.

    Attributes:
        root: Its folder.
    """

    root: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.root, *arguments],
            env={**os.environ, **_WHO},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, done.stderr
        return done.stdout.strip()

    def lay_out(self, files: dict[str, str | bytes | None]) -> None:
        """Write files by their paths; None deletes one."""
        for path, text in files.items():
            file = self.root / path
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, files: dict[str, str | bytes | None] | None = None) -> str:
        """Write files and commit everything; return the commit."""
        self.lay_out(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")

    def plan(
        self, base: str | None = "main", head: str | None = None, *, environment: str | None = None
    ) -> Plan:
        return make_plan(self.root, base=base, head=head, environment=environment, day=None)


def make_project(folder: Path) -> VersionedProject:
    """Make a project with one pipeline, "churn", committed on main."""
    made = VersionedProject(folder)
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.commit({"configs/churn.yml": config("churn"), "include/models/ridge.py": RIDGE})
    return made


@pytest.fixture
def project(tmp_path) -> VersionedProject:
    """A project of the test's own."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="module")
def versioned_project(tmp_path_factory) -> VersionedProject:
    """A project that the tests of a file share."""
    return make_project(tmp_path_factory.mktemp("versions") / "project")
