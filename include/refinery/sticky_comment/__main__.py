"""Post a plan from CI: ``python3 -m refinery.sticky_comment github FOLDER`` or ``gitlab PLAN``; needs nothing installed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.errors import RefineryError
from refinery.sticky_comment import github, gitlab
from refinery.sticky_comment.one_comment import MARKER, keep_one_comment
from refinery.sticky_comment.wording import comment_on_plan, comment_without_plan, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NUMBER = 10
# UTF-8 takes at most four bytes for a character.
_MOST_BYTES_PER_CHARACTER = 4


def main() -> None:
    """Post the plan and print what was done."""
    parser = argparse.ArgumentParser(prog="python3 -m refinery.sticky_comment", description=__doc__)
    parser.add_argument("host", choices=["github", "gitlab"])
    parser.add_argument(
        "path", type=Path, help="github: the folder of plan.md and pull-request; gitlab: the plan's file"
    )
    chosen = parser.parse_args()
    post = post_to_github if chosen.host == "github" else post_to_gitlab
    try:
        print(post(chosen.path, os.environ))  # noqa: T201 - the job's log
    except RefineryError as error:
        sys.exit(f"error: {error}")


def post_to_github(folder: Path, environment: Mapping[str, str]) -> str:
    """Post the plan that a review left behind, from the `workflow_run` event at the end of that review.

    Args:
        folder: The artifact of the review, none of which is trusted: plan.md, and the number in pull-request.
        environment: The runner's variables, and GITHUB_TOKEN.

    Raises:
        RefineryError: The artifact or the event is not that of a pull request's review, or GitHub refuses or does not answer.
    """
    event = json.loads(Path(_variable(environment, "GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    run = github.ReviewedRun.from_event(event)
    number = _read(folder / "pull-request", _LONGEST_NUMBER).strip()
    if not (number.isascii() and number.isdecimal()):
        raise RefineryError(f"{folder / 'pull-request'} does not hold the number of a pull request.")
    host = github.GitHub(
        _variable(environment, "GITHUB_API_URL"),
        _variable(environment, "GITHUB_REPOSITORY"),
        _variable(environment, "GITHUB_TOKEN"),
    )
    pull_request = host.pull_request(int(number), run)
    if pull_request is None:
        return f"Pull request {number} is closed or has a newer commit than {run.head_commit[:7]}: nothing posted."
    plan = (
        _read(folder / "plan.md", github.LIMIT * _MOST_BYTES_PER_CHARACTER)
        if (folder / "plan.md").exists()
        else ""
    )
    if plan:
        limit = github.LIMIT - len(MARKER) - 1
        text = comment_on_plan(plan, run, pull_request.changed_files(), limit=limit)
    else:
        text = comment_without_plan(run)
    outcome = keep_one_comment(pull_request, text, create=bool(plan))
    return f"Pull request {number}: comment {outcome}."


def post_to_gitlab(plan: Path, environment: Mapping[str, str]) -> str:
    """Post a plan from the pipeline of a merge request.

    Args:
        plan: The plan in Markdown.
        environment: The job's variables, and REFINERY_GITLAB_TOKEN.

    Raises:
        RefineryError: A variable or the plan is missing, or GitLab refuses or does not answer.
    """
    number = _variable(environment, "CI_MERGE_REQUEST_IID")
    merge_request = gitlab.GitLab(
        _variable(environment, "CI_API_V4_URL"),
        _variable(environment, "CI_PROJECT_ID"),
        number,
        _variable(environment, "REFINERY_GITLAB_TOKEN"),
    )
    foot = f"\n\n<sub>Plan for {_variable(environment, 'CI_COMMIT_SHORT_SHA')}.</sub>\n"
    text = _read(plan, gitlab.LIMIT * _MOST_BYTES_PER_CHARACTER).strip()
    outcome = keep_one_comment(
        merge_request, shorten(text, gitlab.LIMIT - len(foot) - len(MARKER) - 1) + foot
    )
    return f"Merge request {number}: note {outcome}."


def _variable(environment: Mapping[str, str], name: str) -> str:
    if value := environment.get(name):
        return value
    raise RefineryError(f"The variable {name} is not set. Run this in CI, or set it in the job.")


def _read(path: Path, most_bytes: int) -> str:
    """Read the beginning of a plain file; a link could lead out of the artifact, to the secrets of the job."""
    if path.is_symlink() or not path.is_file():
        raise RefineryError(f"{path} is missing or not a plain file.")
    with path.open("rb") as file:
        return file.read(most_bytes).decode("utf-8", errors="replace")


if __name__ == "__main__":
    main()
