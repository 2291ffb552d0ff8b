"""GitHub Actions: what a pull request's events start, on a runner of our own."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.ci.workflows.repository import MergeGroup, PullRequest, Repository, git
from tests.ci.workflows.runner import Job, Start

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Actions:
    """Starts workflows of the repository.

    Args:
        folder: Where runners get their disks.
        repository: The repository.
        github: The API.
    """

    def __init__(self, folder: Path, repository: Repository, github: Any) -> None:
        self._folder = folder
        self._repository = repository
        self._github = github
        self._numbers = itertools.count(1)

    def review(self, pull: PullRequest) -> Job:
        """What a push to a pull request starts: the file is the pull request's own."""
        event = {"number": pull.number, "pull_request": self._github.pulls[pull.number]}
        ref = f"refs/pull/{pull.number}/merge"
        return self._run("review.yml", pull.merge, "pull_request", event, ref, most="read")

    def queue(self, group: MergeGroup) -> Job:
        """What a group of the merge queue starts: the file is the group's own."""
        ref = f"refs/heads/gh-readonly-queue/main/pr-{group.number}-{group.base}"
        event = {
            "base_ref": "refs/heads/main",
            "base_sha": group.base,
            "head_ref": ref,
            "head_sha": group.sha,
        }
        return self._run("review.yml", group.sha, "merge_group", {"merge_group": event}, ref, most="read")

    def comment(self, pull: PullRequest, review: Job, *, sha: str | None = None) -> Job:
        """What the end of a review of a commit, by default the newest, starts: the file is the default branch's."""
        run = {
            "id": review.start.number,
            "html_url": f"https://github.example/runs/{review.start.number}",
            "event": review.start.event_name,
            "conclusion": review.conclusion,
            "head_repository": {"full_name": pull.branch.repository},
            "head_sha": sha or pull.sha,
        }
        main = git(self._repository.remote, "rev-parse", "main")
        event = {"workflow_run": run}
        return self._run("review-comment.yml", main, "workflow_run", event, "refs/heads/main", most="write")

    def comment_twice_at_once(self, pull: PullRequest, review: Job) -> None:
        """Two runs that both see no comment before either has made one."""
        self._github.together = threading.Barrier(2, action=lambda: setattr(self._github, "together", None))
        runs = [threading.Thread(target=self.comment, args=(pull, review)) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert [request.partition(" ")[0] for request in self._github.written()].count("POST") == len(runs)

    def _run(
        self, file: str, sha: str, event_name: str, event: dict[str, Any], ref: str, *, most: str
    ) -> Job:
        number = next(self._numbers)
        text = git(self._repository.remote, "show", f"{sha}:.github/workflows/{file}")
        ((_, job),) = yaml.load(text, yaml.BaseLoader)["jobs"].items()
        start = Start(
            number=number,
            event_name=event_name,
            event=event,
            ref=ref,
            sha=sha,
            token=self._github.mint(**_granted(job["permissions"], most)),
            api_url=self._github.url,
            remote=self._repository.remote,
            artifacts=self._folder / "artifacts",
        )
        return Job(self._folder / f"runner-{number}", start).run(job)


def _granted(asked: Mapping[str, str], most: str) -> dict[str, str]:
    """What a job's token may do: of what it asks, no more than reading in a pull request's own run."""
    return {name: right if most == "write" else "read" for name, right in asked.items()}


@pytest.fixture(scope="session")
def first_repository(tmp_path_factory) -> Path:
    """A bare repository with this project in it, to be copied."""
    return Repository.make(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def repository(tmp_path, github, first_repository) -> Repository:
    """A repository on GitHub, with this project in it."""
    return Repository(tmp_path, github, first_repository)


@pytest.fixture
def actions(tmp_path, repository, github) -> Actions:
    """GitHub Actions."""
    return Actions(tmp_path / "actions", repository, github)
