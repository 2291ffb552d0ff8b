"""The hook that plans before a push, through pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.ci.workflows.runner import install_python

pytestmark = pytest.mark.slow


@pytest.fixture
def push(tmp_path, project):
    """Runs the hooks of a push of a branch, and returns their status and what they show."""
    (tmp_path / "bin").mkdir()
    install_python(tmp_path / "bin")

    def run(branch) -> tuple[int, str]:
        shutil.copy(project / ".pre-commit-config.yaml", branch.folder)
        refs = ["--from-ref", "origin/main", "--to-ref", "HEAD"]
        done = subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--hook-stage", "pre-push", *refs],
            cwd=branch.folder,
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_a_push_with_a_high_risk_is_stopped_with_the_plan(repository, push):
    branch = repository.branch()
    branch.edit(
        "configs/petrol_consumption.yml", "s3://models/petrol_consumption/", "s3://models/petrol/"
    ).commit()
    status, shown = push(branch)
    assert (status, "1 high risk" in shown) == (1, True), shown


def test_a_push_that_reaches_no_pipeline_is_not_planned(repository, push):
    status, shown = push(repository.branch().write("docs/note.md", "A note.\n").commit())
    assert (status, "Skipped" in shown) == (0, True), shown
