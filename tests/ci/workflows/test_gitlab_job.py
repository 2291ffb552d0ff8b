"""The GitLab job of docs/ci.md: its commands as they stand, against a GitLab that checks what it is sent."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import yaml

from tests.ci.workflows.repository import git
from tests.ci.workflows.runner import install_python

PETROL = "configs/petrol_consumption.yml"


@pytest.fixture(scope="module")
def text(project) -> str:
    (found,) = re.findall(
        r"```yaml\n(review-pipelines:\n.*?)```", (project / "docs/ci.md").read_text(), re.DOTALL
    )
    return found


@pytest.fixture
def pipeline(tmp_path, repository, gitlab, text):
    """Runs the job for a commit of a branch, and returns its status and log."""
    (tmp_path / "bin").mkdir()
    install_python(tmp_path / "bin")

    def run(branch, **variables) -> tuple[int, str]:
        environment = {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "CI_API_V4_URL": gitlab.url,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(repository.remote, "rev-parse", "main"),
            "CI_COMMIT_SHORT_SHA": git(branch.folder, "rev-parse", "HEAD")[:8],
            "REFINERY_GITLAB_TOKEN": gitlab.token,
            **variables,
        }
        script = "\n".join(yaml.safe_load(text)["review-pipelines"]["script"])
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=branch.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_it_follows_gitlabs_schema(tmp_path, text):
    (tmp_path / ".gitlab-ci.yml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    checked = subprocess.run(
        [*command, tmp_path / ".gitlab-ci.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
def test_a_high_risk_fails_the_job_and_is_reported_in_the_note_that_was_there(repository, gitlab, pipeline):
    gitlab.say(gitlab.us, "<!-- refinery-plan -->\nthe plan before")
    branch = (
        repository.branch().edit(PETROL, "s3://models/petrol_consumption/", "s3://models/petrol/").commit()
    )
    status, log = pipeline(branch)
    assert (status, "Merge request 7: note edited." in log) == (1, True), log
    (note,) = gitlab.comments
    assert "1 high risk" in note["body"]


@pytest.mark.slow
def test_a_fork_whose_pipeline_has_no_token_has_its_plan_in_the_log(repository, gitlab, pipeline):
    branch = repository.fork().edit(PETROL, '"0 12 * * *"', '"0 6 * * *"').commit()
    status, log = pipeline(branch, REFINERY_GITLAB_TOKEN="")
    assert (status, "1 pipeline changes" in log) == (0, True), log
    assert "1 pipeline changes" in (branch.folder / "plan.md").read_text(encoding="utf-8")
    assert gitlab.requests == []


@pytest.mark.slow
def test_a_merge_train_plans_what_it_adds_to_those_before_it_and_posts_no_note(repository, gitlab, pipeline):
    """HEAD is the merge of all, and the target's commit that of those before: their changes are no part of the plan."""
    branch = (
        repository.branch().edit(PETROL, "s3://models/petrol_consumption/", "s3://models/petrol/").commit()
    )
    before = git(branch.folder, "rev-parse", "HEAD")
    branch.edit(PETROL, '"0 12 * * *"', '"0 6 * * *"').commit()
    train = {"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": before}
    status, log = pipeline(branch, **train)
    assert (status, "1 pipeline changes" in log, "high risk" in log) == (0, True, False), log
    assert gitlab.requests == []
