"""The code of both versions runs only where a change comes from the project itself."""

from __future__ import annotations

import json

import pytest

from refinery.review import ReviewError
from refinery.trial import refuse_forks

OURS, FORK = {"full_name": "team/project"}, {"full_name": "stranger/project"}


def pull(head):
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": OURS}}}


@pytest.fixture
def github(tmp_path):
    """Write an event, and return the environment of its run."""

    def write(event):
        (tmp_path / "event.json").write_text(json.dumps(event))
        return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}

    return write


@pytest.mark.parametrize(
    "event",
    [
        pull(OURS),
        {"ref": "refs/heads/main", "repository": OURS},
        {"merge_group": {}, "repository": OURS},
        {"workflow_run": {"head_repository": OURS}, "repository": OURS},
        {"issue": {"number": 1}, "comment": {}},
    ],
    ids=["pull request", "push", "merge queue", "workflow run", "comment on an issue"],
)
def test_the_projects_own_changes_are_tried(event, github):
    refuse_forks(github(event))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (pull(FORK), 'the fork "stranger/project"'),
        (pull(None), "a fork that is gone"),
        ({"workflow_run": {"head_repository": FORK}, "repository": OURS}, 'the fork "stranger/project"'),
        ({"issue": {"pull_request": {"url": "u"}}, "comment": {}}, "does not say whether"),
    ],
    ids=["pull request", "deleted fork", "workflow run", "comment on a pull request"],
)
def test_a_fork_is_refused_with_what_to_do(event, reason, github):
    with pytest.raises(ReviewError, match="Leave --code out here") as refused:
        refuse_forks(github(event))
    assert reason in str(refused.value)


def test_an_event_that_cannot_be_read_is_refused():
    with pytest.raises(ReviewError, match="GITHUB_EVENT_PATH"):
        refuse_forks({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": "/nowhere"})


def test_gitlab_says_which_project_a_merge_request_comes_from():
    own = {"CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"}
    fork = own | {
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "stranger/project",
    }
    for environment in ({}, {"CI_PROJECT_ID": "7"}, own):
        refuse_forks(environment)
    with pytest.raises(ReviewError, match='another project, "stranger/project"'):
        refuse_forks(fork)
