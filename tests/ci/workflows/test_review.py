"""A pull request's life under the review workflows: their commands as they stand, in a repository with a bare remote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PETROL = "configs/petrol_consumption.yml"
NOON, DAWN, DUSK = '"0 12 * * *"', '"0 6 * * *"', '"0 18 * * *"'
HERE, THERE = "s3://models/petrol_consumption/", "s3://models/petrol/"

ANOTHER = (
    "source: s3://data/x.csv\ntarget: y\nmodel: sklearn.linear_model.Ridge\noutput: s3://models/x/{{ ds }}/\n"
)

pytestmark = pytest.mark.slow  # a second for each of the project's commands


@pytest.fixture
def bodies(github) -> Callable[[], list[str]]:
    """The texts of all comments."""
    return lambda: [comment["body"] for comment in github.comments]


def test_one_comment_from_opening_to_closing(repository, actions, github, refusal, bodies):
    branch = repository.branch().edit(PETROL, NOON, DAWN).commit()
    pull = repository.open(branch)
    review, opened = actions.review(pull), pull.sha
    assert (review.conclusion, review.outcomes["Plan"]) == ("success", "success"), review.log
    # The run is tried again while its comment is written, and GitHub has a bad moment.
    github.faults.append(refusal("GET pulls/12", 502, "Bad Gateway"))
    actions.comment_twice_at_once(pull, review)
    (first,) = bodies()
    assert "1 pipeline changes" in first
    assert review.summary.strip() in first
    assert re.search(r"`origin/main \([0-9a-f]{7}\)` → `pull/12/merge \([0-9a-f]{7}\)`", first)
    assert f"Plan for {opened[:7]}" in first

    branch.edit(PETROL, DAWN, DUSK).commit()
    pull.push()
    assert actions.comment(pull, actions.review(pull)).log == "Pull request 12: comment edited.\n"
    (second,) = bodies()
    assert f"Plan for {pull.sha[:7]}" in second
    assert ("18:00" in second, "18:00" in first) == (True, False)
    overtaken = actions.comment(pull, review, sha=opened)
    assert (
        overtaken.log
        == f"Pull request 12 is closed or has a newer commit than {opened[:7]}: nothing posted.\n"
    )
    assert bodies() == [second]

    branch.edit(PETROL, DUSK, NOON).commit()
    pull.push()
    review = actions.review(pull)
    assert (review.conclusion, review.outcomes["Install"], review.outcomes["Plan"]) == (
        "success",
        "skipped",
        "skipped",
    )
    assert actions.comment(pull, review).log == "Pull request 12: comment edited.\n"
    last = f"<!-- refinery-plan -->\nSince {pull.sha[:7]}, no change reaches a pipeline.\n"
    assert bodies() == [last]

    pull.close()
    assert "is closed or has a newer commit" in actions.comment(pull, review).log
    assert bodies() == [last]


def test_a_high_risk_from_a_fork_fails_the_check_and_is_shown_without_any_right(
    repository, actions, github, bodies
):
    pull = repository.open(repository.fork().edit(PETROL, HERE, THERE).commit())
    review = actions.review(pull)
    assert (review.conclusion, review.outcomes["Validate"], review.outcomes["Plan"]) == (
        "failure",
        "success",
        "failure",
    )
    assert any(line.startswith(f"::error file={PETROL},line=") for line in review.annotations)
    assert github.requests == []
    assert review.start.token not in review.log
    assert actions.comment(pull, review).conclusion == "success"
    (body,) = bodies()
    assert "high risk" in body
    assert "WARNING" not in body.partition("1 pipeline changes")[0]


def test_two_that_pass_alone_and_write_one_prefix_fail_in_the_merge_queue(repository, actions, github):
    pulls = [
        repository.open(repository.branch(name).write(f"configs/{name}.yml", ANOTHER).commit(), number=number)
        for number, name in ((12, "one"), (13, "two"))
    ]
    alone = actions.review(pulls[1])  # the other one differs by its name only
    assert alone.conclusion == "success", alone.log
    group = repository.queue(*pulls)
    together = actions.queue(group)
    assert {name: together.outcomes[name] for name in ("Validate", "Plan", "actions/upload-artifact")} == {
        "Validate": "failure",
        "Plan": "failure",
        "actions/upload-artifact": "skipped",
    }, together.log
    assert any(
        line.startswith("::error file=configs/two.yml") and "configs/one.yml" in line
        for line in together.annotations
    )
    assert f"gh-readonly-queue/main/pr-13-{group.base}" in together.summary
    assert actions.comment(pulls[1], together).conclusion == "skipped"
    assert github.written() == []


def test_a_broken_config_is_shown_on_its_line_and_in_the_plan(repository, actions, bodies):
    pull = repository.open(repository.branch().edit(PETROL, "model:", "modle:").commit())
    review = actions.review(pull)
    assert (review.conclusion, review.outcomes["Validate"], review.outcomes["Plan"]) == (
        "failure",
        "failure",
        "failure",
    )
    assert any(f"file={PETROL}" in line and "modle" in line for line in review.annotations)
    actions.comment(pull, review)
    (body,) = bodies()
    assert "modle" in body


def test_what_reaches_no_pipeline_costs_nothing_and_says_nothing(repository, actions, github):
    pull = repository.open(repository.branch().write("docs/note.md", "A note.\n").commit())
    review = actions.review(pull)
    assert (review.conclusion, review.outcomes["Install"]) == ("success", "skipped")
    assert actions.comment(pull, review).log == "Pull request 12: comment absent.\n"
    assert github.written() == []


def test_a_fork_that_rewrites_the_workflows_has_none_of_its_code_run_with_rights(repository, actions, github):
    repository.open(repository.branch().edit(PETROL, NOON, DUSK).commit(), number=1)
    fork = repository.fork().write("include/refinery/sticky_comment/__main__.py", "print('pwned')\n")
    fork.edit(".github/workflows/review.yml", 'echo "$NUMBER"', "echo 1")
    pull = repository.open(fork.edit(".github/workflows/review.yml", "found=true", "found=false").commit())
    review = actions.review(pull)
    assert (
        review.conclusion == "success"
    )  # what a branch does to its own check, CODEOWNERS and a reviewer must see
    posted = actions.comment(pull, review)
    assert posted.conclusion == "failure"
    assert "not a pull request from mallory/pipelines into acme/pipelines. Nothing was posted." in posted.log
    assert "pwned" not in posted.log
    assert github.written() == []


def test_a_plan_that_cannot_be_made_takes_the_old_one_away(repository, actions, github, bodies):
    github.say("github-actions[bot]", "<!-- refinery-plan -->\nthe plan before", issue=12)
    broken = (
        repository.branch()
        .edit(PETROL, NOON, DAWN)
        .write("include/refinery/cli/plan.py", "This is not Python.\n")
    )
    pull = repository.open(broken.commit())
    review = actions.review(pull)
    assert review.conclusion == "failure"
    actions.comment(pull, review)
    (body,) = bodies()
    assert (
        f"No plan could be made for {pull.sha[:7]}: [the run](https://github.example/runs/1) says why."
        in body
    )
