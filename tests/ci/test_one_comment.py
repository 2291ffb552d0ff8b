"""One comment in a pull request, whatever else happens in it: the real poster against a GitHub that checks what it is sent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from refinery.errors import RefineryError
from refinery.sticky_comment.__main__ import post_to_github, post_to_gitlab
from refinery.sticky_comment.one_comment import MARKER

if TYPE_CHECKING:
    from pathlib import Path

REPOSITORY = "acme/pipelines"
HEAD = "1234567890" * 4


@dataclass
class Review:
    """A finished run of the review workflow, and what the poster gets of it."""

    folder: Path
    environment: dict[str, str]
    event: dict[str, Any]

    def post(self, plan: str | None = "1 pipeline changes") -> str:
        file = self.folder / "plan.md"
        file.unlink(missing_ok=True)
        if plan is not None:
            file.write_text(plan, encoding="utf-8")
        return self.post_as_it_is()

    def post_as_it_is(self) -> str:
        return post_to_github(self.folder, self.runner())

    def runner(self) -> dict[str, str]:
        """The variables of the runner, with the event's file."""
        file = self.folder.parent / "event.json"
        file.write_text(json.dumps(self.event), encoding="utf-8")
        return {**self.environment, "GITHUB_EVENT_PATH": str(file)}


def pull_request(repository: str = REPOSITORY, head: str = HEAD, state: str = "open") -> dict[str, Any]:
    return {
        "state": state,
        "head": {"sha": head, "repo": repository and {"full_name": repository}},
        "base": {"repo": {"full_name": REPOSITORY}},
    }


@pytest.fixture(autouse=True)
def waits(monkeypatch) -> list[float]:
    """The seconds that were waited; none pass."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


@pytest.fixture
def review(github, tmp_path) -> Review:
    github.pulls[12] = pull_request()
    folder = tmp_path / "review"
    folder.mkdir()
    (folder / "pull-request").write_text("12\n", encoding="utf-8")
    run = {
        "html_url": "https://github.example/runs/1",
        "conclusion": "success",
        "head_repository": {"full_name": REPOSITORY},
        "head_sha": HEAD,
    }
    token = github.mint(**{"pull-requests": "write"})
    environment = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": token}
    return Review(folder, environment, {"workflow_run": run})


def bodies(host) -> list[str]:
    return [comment["body"] for comment in host.comments]


# One comment


def test_the_first_plan_is_a_comment_and_every_later_one_edits_it(github, review):
    assert review.post("first plan") == "Pull request 12: comment created."
    assert review.post("second plan") == "Pull request 12: comment edited."
    (body,) = bodies(github)
    assert body.startswith(f"{MARKER}\nsecond plan\n")
    assert github.written() == [
        f"POST /repos/{REPOSITORY}/issues/12/comments",
        f"PATCH /repos/{REPOSITORY}/issues/comments/1",
    ]


def test_the_same_plan_again_writes_nothing(github, review):
    review.post()
    assert review.post() == "Pull request 12: comment unchanged."
    assert len(github.written()) == 1


def test_it_is_found_behind_hundreds_of_other_comments(github, review):
    for number in range(230):
        github.say("alice", f"comment {number}", issue=12)
    review.post("first plan")
    github.say("bob", "I see.", issue=12)
    review.post("second plan")
    assert [body for body in bodies(github) if body.startswith(MARKER)] == [github.comments[230]["body"]]
    assert "second plan" in github.comments[230]["body"]


def test_a_copy_of_the_marker_by_somebody_else_is_left_alone(github, review):
    copy = github.say("mallory", f"{MARKER}\nNo risks at all.", issue=12)
    quote = github.say("github-actions[bot]", f"> {MARKER}\nAnother workflow's.", issue=12)
    review.post()
    assert copy["body"].endswith("No risks at all.")
    assert quote["body"].endswith("Another workflow's.")
    assert len(github.comments) == 3


def test_two_runs_at_once_leave_one_comment(github, review):
    github.together = threading.Barrier(2, action=lambda: setattr(github, "together", None))
    (review.folder / "plan.md").write_text("1 pipeline changes", encoding="utf-8")
    runner, said = review.runner(), []
    runs = [
        threading.Thread(target=lambda: said.append(post_to_github(review.folder, runner))) for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(said) == 2
    assert [request for request in github.written() if request.startswith("POST")] == [
        f"POST /repos/{REPOSITORY}/issues/12/comments"
    ] * 2
    assert len(github.comments) == 1


def test_duplicates_of_an_earlier_race_are_deleted_and_the_oldest_stays(github, review):
    for number in range(3):
        github.say("github-actions[bot]", f"{MARKER}\nplan {number}", issue=12)
    review.post("the plan")
    assert [comment["id"] for comment in github.comments] == [1]
    assert "the plan" in github.comments[0]["body"]


# When the host has a bad day


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_passing_fault_is_waited_out(github, review, waits, refusal, method):
    if method in {"PATCH", "DELETE"}:
        for number in range(2):
            github.say("github-actions[bot]", f"{MARKER}\nplan {number}", issue=12)
    path = "comments" if method == "POST" else ""
    github.faults.append(refusal(f"{method} {path}", 502, "Bad Gateway"))
    review.post("the plan")
    assert github.faults == []
    assert waits == [1]
    assert ["the plan" in body for body in bodies(github)] == [True]


def test_a_comment_that_was_made_although_the_answer_was_lost_is_not_made_twice(github, review, refusal):
    github.faults.append(refusal("POST comments", 502, "Bad Gateway", after=True))
    assert review.post() == "Pull request 12: comment unchanged."
    assert len(github.comments) == 1


def test_a_comment_that_somebody_deletes_meanwhile_is_made_again(github, review, refusal):
    github.say("github-actions[bot]", f"{MARKER}\nold", issue=12)
    github.faults.append(refusal("PATCH comments/1", 404, "Not Found"))
    assert review.post("the plan") == "Pull request 12: comment edited."


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        ({"status": 403, "message": "You have exceeded a secondary rate limit.", "Retry-After": "7"}, 7),
        ({"status": 429, "message": "Too many requests.", "Retry-After": "7"}, 7),
        ({"status": 403, "message": "You have exceeded a secondary rate limit."}, 60),
        ({"status": 403, "message": "Quota used up.", "X-RateLimit-Remaining": "0"}, 60),
        ({"status": 429, "message": "Come back tomorrow.", "Retry-After": "86400"}, 60),
    ],
)
def test_a_rate_limit_is_waited_for_as_long_as_the_host_says_up_to_a_minute(  # noqa: PLR0917 - two are the table's
    github, waits, refusal, review, limit, seconds
):
    github.faults.append(refusal("GET comments", **limit))
    review.post()
    assert waits == [seconds]
    assert len(github.comments) == 1


def test_a_fault_that_does_not_pass_is_reported_after_a_few_attempts(github, review, waits, refusal):
    github.faults.extend(refusal("GET pulls/12", 502, "Bad Gateway") for _ in range(5))
    with pytest.raises(RefineryError, match=r"GitHub answered GET .*/pulls/12 with 502: Bad Gateway"):
        review.post()
    assert waits == [1, 2, 4, 8]


def test_a_missing_permission_is_reported_immediately(github, review, waits):
    review.environment["GITHUB_TOKEN"] = github.mint(**{"pull-requests": "read"})
    with pytest.raises(RefineryError, match=r"403: Resource not accessible by integration.*token may read"):
        review.post()
    assert waits == []


def test_a_wrong_token_is_reported_immediately(review, waits):
    review.environment["GITHUB_TOKEN"] = "wrong"
    with pytest.raises(RefineryError, match=r"401: Bad credentials The token is missing, wrong or expired"):
        review.post()
    assert waits == []


def test_a_host_that_is_not_there_is_reported(review):
    review.environment["GITHUB_API_URL"] = "http://127.0.0.1:1"
    with pytest.raises(
        RefineryError, match=r"GitHub did not answer GET http://127\.0\.0\.1:1/repos/.*refused"
    ):
        review.post()


# What comes from the pull request is not trusted


def test_a_pull_request_of_another_fork_is_not_commented_on(github, review):
    github.pulls[12] = pull_request("mallory/pipelines")
    with pytest.raises(
        RefineryError, match=r"not a pull request from acme/pipelines into acme/pipelines\. Nothing"
    ):
        review.post()
    assert github.written() == []


def test_a_fork_that_is_gone_is_not_commented_on(github, review):
    github.pulls[12] = pull_request("")
    with pytest.raises(RefineryError, match="Nothing was posted"):
        review.post()


@pytest.mark.parametrize(
    "other", [pull_request(head="f" * 40), pull_request(state="closed")], ids=["newer", "closed"]
)
def test_a_plan_that_came_too_late_is_not_posted(github, review, other):
    github.pulls[12] = other
    assert review.post() == "Pull request 12 is closed or has a newer commit than 1234567: nothing posted."
    assert github.written() == []


@pytest.mark.parametrize("number", ["", "12/../13", "twelve", "-1", "\u0661\u0662", "9" * 300 + "x"])
def test_a_number_that_is_none_is_refused(github, review, number):
    (review.folder / "pull-request").write_text(number, encoding="utf-8")
    with pytest.raises(RefineryError):
        review.post()
    assert github.written() == []


@pytest.mark.parametrize("name", ["plan.md", "pull-request"])
def test_a_link_in_the_artifact_is_not_followed(github, review, tmp_path, name):
    (review.folder / "plan.md").touch()
    (review.folder / name).unlink()
    (review.folder / name).symlink_to("/proc/self/environ")
    with pytest.raises(RefineryError, match="not a plain file"):
        review.post_as_it_is()
    assert github.requests == [] or github.written() == []


@pytest.mark.parametrize("letter", ["a", "\U0001f600"], ids=["ascii", "emoji"])
def test_a_plan_longer_than_a_comment_is_cut_at_the_end_of_a_line(github, review, letter):
    review.post("\n".join([letter * 99] * 5000))
    (body,) = bodies(github)
    assert 65_000 < len(body) <= 65_536
    plan, cut, foot = body.removeprefix(f"{MARKER}\n").partition(
        "\n\nThe plan is longer than a comment may be"
    )
    assert set(plan.splitlines()) == {letter * 99}
    assert cut
    assert "by [this run]" in foot


def test_a_cut_closes_what_it_leaves_open(github, review):
    review.post(
        "<details>\n<summary>churn</summary>\n\n```mermaid\n" + "a --> b\n" * 20_000 + "```\n</details>\n"
    )
    assert "a --> b\n```\n</details>\n\nThe plan is longer than" in bodies(github)[0]


def test_bytes_that_are_no_text_do_not_stop_it(github, review):
    (review.folder / "plan.md").write_bytes(b"a plan \xff\x00 of sorts")
    review.post_as_it_is()
    assert "a plan" in bodies(github)[0]


@pytest.mark.parametrize(
    ("files", "warned"),
    [
        ([], None),
        (["configs/churn.yml", "include/models/churn.py", "docs/x.md", "README.md", "tests/a.py"], None),
        (["configs/churn.yml", "include/refinery/review/plan.py"], "`include/refinery/review/plan.py`"),
        ([".github/workflows/review.yml"], "`.github/workflows/review.yml`"),
        (["a.py", "b.py", "c.py", "requirements.txt", "refinery"], "`a.py`, `b.py`, `c.py` and 2 more"),
        (["a`b.py"], "`ab.py`"),
        (["a\n\n@acme/all\u202e.py"], "`a@acme/all.py`"),
    ],
)
def test_the_reader_is_warned_where_the_plan_was_made_by_the_pull_requests_own_code(
    github, review, files, warned
):
    github.files = [{"filename": file} for file in files]
    review.post("1 pipeline changes")
    warning, _, rest = bodies(github)[0].partition("1 pipeline changes")
    if warned is None:
        assert "WARNING" not in warning
    else:
        assert f"changes {warned}: its own code made the plan below" in warning
    assert "WARNING" not in rest


def test_a_file_that_moves_away_from_the_code_is_a_change_of_the_code(github, review):
    github.files = [{"filename": "docs/plan.txt", "previous_filename": "include/refinery/review/plan.py"}]
    review.post()
    assert "`include/refinery/review/plan.py`" in bodies(github)[0]


@pytest.mark.parametrize(("count", "is_warned"), [(2_999, False), (3_000, True), (3_001, True)])
def test_a_list_that_may_lack_files_is_taken_for_a_change_of_the_code(github, review, count, is_warned):
    """GitHub lists 3,000 files at most: the one that matters could be the next."""
    files = [{"filename": f"configs/{number:04}.yml"} for number in range(count)]
    github.files = files[:3_000]
    review.post()
    warning = "changes more files than GitHub lists: its own code may have made the plan below"
    assert (warning in bodies(github)[0]) is is_warned


# Without a plan


def test_a_change_that_reaches_no_pipeline_makes_no_comment(github, review):
    assert review.post(None) == "Pull request 12: comment absent."
    assert github.comments == []


@pytest.mark.parametrize(
    ("conclusion", "said"),
    [
        ("success", "Since 1234567, no change reaches a pipeline."),
        ("failure", "No plan could be made for 1234567: [the run](https://github.example/runs/1) says why."),
    ],
)
@pytest.mark.parametrize("plan", [None, ""], ids=["missing", "empty"])
def test_an_old_plan_does_not_stay_on_the_page(github, review, conclusion, said, plan):
    review.post("the old plan")
    review.event["workflow_run"]["conclusion"] = conclusion
    review.post(plan)
    assert bodies(github) == [f"{MARKER}\n{said}\n"]


# Errors of the set-up


def test_another_event_is_reported(review):
    review.event = {"pull_request": {}}
    with pytest.raises(RefineryError, match="only a workflow_run event"):
        review.post()


def test_a_missing_variable_is_named(review):
    del review.environment["GITHUB_TOKEN"]
    with pytest.raises(RefineryError, match="GITHUB_TOKEN is not set"):
        review.post()


# GitLab


@pytest.fixture
def merge_request(gitlab, tmp_path):
    """Posts a plan to GitLab's merge request."""
    environment = {
        "CI_API_V4_URL": gitlab.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHORT_SHA": "12345678",
        "REFINERY_GITLAB_TOKEN": gitlab.token,
    }

    def post(plan: str) -> str:
        (tmp_path / "plan.md").write_text(plan, encoding="utf-8")
        return post_to_gitlab(tmp_path / "plan.md", environment)

    return post


def test_a_merge_request_has_one_note_throughout(gitlab, merge_request):
    gitlab.say("alice", f"{MARKER}\ncopied")
    assert merge_request("first plan") == "Merge request 7: note created."
    for number in range(120):
        gitlab.say("bob", f"note {number}")
    assert merge_request("second plan") == "Merge request 7: note edited."
    assert merge_request("second plan") == "Merge request 7: note unchanged."
    own = [note["body"] for note in gitlab.comments if note["author"]["username"] == gitlab.us]
    assert own == [f"{MARKER}\nsecond plan\n\n<sub>Plan for 12345678.</sub>\n"]


def test_notes_of_a_race_are_deleted(gitlab, merge_request):
    for number in range(2):
        gitlab.say(gitlab.us, f"{MARKER}\nplan {number}")
    merge_request("the plan")
    assert [note["id"] for note in gitlab.comments] == [1]
    assert "the plan" in gitlab.comments[0]["body"]


def test_a_note_has_its_limit_too(gitlab, merge_request):
    merge_request("line\n" * 300_000)
    assert 999_000 < len(gitlab.comments[0]["body"]) <= 1_000_000


def test_a_refused_token_is_reported(gitlab, merge_request):
    gitlab.token = "another"
    with pytest.raises(RefineryError, match=r"GitLab answered GET .*/user with 401"):
        merge_request("the plan")


# As a command


def test_it_runs_on_any_python_with_nothing_installed(project, review, github):
    (review.folder / "plan.md").write_text("the plan", encoding="utf-8")
    environment = review.runner() | {"PYTHONPATH": "include"}
    command = [sys.executable, "-S", "-m", "refinery.sticky_comment", "github", str(review.folder)]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("Pull request 12: comment created.\n", "", 0)
    environment["GITHUB_TOKEN"] = ""
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 1)
    assert (
        done.stderr == "error: The variable GITHUB_TOKEN is not set. Run this in CI, or set it in the job.\n"
    )
