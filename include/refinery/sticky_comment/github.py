"""A pull request on GitHub, found by the run that reviewed it, and its comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.sticky_comment.one_comment import MARKER, Comment
from refinery.sticky_comment.rest import RestApi

if TYPE_CHECKING:
    from collections.abc import Mapping

# The author of what is written with the token of a workflow.
AUTHOR = "github-actions[bot]"
# The longest comment, in characters.
LIMIT = 65_536
# The most files of a pull request that GitHub lists; it silently leaves out the others.
MOST_FILES = 3_000


@dataclass(frozen=True, slots=True)
class ReviewedRun:
    """What GitHub itself says about the run that made the plan; nothing here comes from the code of the pull request.

    Attributes:
        url: The run's page.
        succeeded: Whether its checks passed.
        head_repository: The repository of the reviewed branch, in the form "owner/name": a fork, or the repository itself.
        head_commit: The full hash of the branch's commit.
    """

    url: str
    succeeded: bool
    head_repository: str
    head_commit: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> ReviewedRun:
        """Read the payload of a `workflow_run` event.

        Raises:
            RefineryError: It is the payload of another event, or the fork was deleted.
        """
        try:
            run = event["workflow_run"]
            return cls(
                url=run["html_url"],
                succeeded=run["conclusion"] == "success",
                head_repository=run["head_repository"]["full_name"],
                head_commit=run["head_sha"],
            )
        except (KeyError, TypeError) as error:
            raise RefineryError(
                f"The event has no {error}: only a workflow_run event of a branch that still exists can be commented on."
            ) from error


@dataclass(frozen=True, slots=True)
class ChangedFiles:
    """What a pull request changes.

    Attributes:
        names: The files that GitHub lists.
        is_complete: Whether these are certain to be all.
    """

    names: tuple[str, ...]
    is_complete: bool


class GitHub:
    """A repository on GitHub.

    Args:
        api_url: The root of the API, such as "https://api.github.com".
        repository: The repository to merge into, in the form "owner/name".
        token: A token that may write to its pull requests.
    """

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._api = RestApi("GitHub", f"{api_url}/repos/{repository}", headers)
        self._repository = repository

    def pull_request(self, number: int, run: ReviewedRun) -> PullRequest | None:
        """Find the pull request that a run reviewed.

        Args:
            number: The number in the artifact of the run, which is not trusted.
            run: The run.

        Returns:
            The pull request; None if it is closed, or has a newer commit, whose own run will post its plan.

        Raises:
            RefineryError: It is the pull request of another branch.
            CodeHostError: GitHub refuses or does not answer.
        """
        found = self._api.call("GET", f"/pulls/{number}")
        head, base = found["head"], found["base"]
        same_branch = _name(head) == run.head_repository and _name(base) == self._repository
        if not same_branch:
            raise RefineryError(
                f"The plan claims to be for pull request {number}, but that is not a pull request"
                f" from {run.head_repository} into {self._repository}. Nothing was posted."
            )
        if found["state"] != "open" or head["sha"] != run.head_commit:
            return None
        return PullRequest(self._api, number)


class PullRequest:
    """An open pull request, as a thread of comments."""

    def __init__(self, api: RestApi, number: int) -> None:
        self._api = api
        self._number = number

    def changed_files(self) -> ChangedFiles:
        """List the files that it changes; a renamed file also under its old name."""
        files = list(self._api.pages(f"/pulls/{self._number}/files"))
        names = (name for file in files for name in (file["filename"], file.get("previous_filename")))
        return ChangedFiles(tuple(name for name in names if name), is_complete=len(files) < MOST_FILES)

    def own_comments(self) -> list[Comment]:
        """List the comments with the marker that the workflow wrote, oldest first."""
        comments = self._api.pages(f"/issues/{self._number}/comments")
        return [
            Comment(comment["id"], comment["body"])
            for comment in comments
            if comment["user"]["login"] == AUTHOR and comment["body"].startswith(MARKER)
        ]

    def create(self, body: str) -> Comment:
        """Write a new comment."""
        made = self._api.call("POST", f"/issues/{self._number}/comments", {"body": body})
        return Comment(made["id"], made["body"])

    def edit(self, comment: Comment, body: str) -> None:
        """Replace a comment's text."""
        self._api.call("PATCH", f"/issues/comments/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        """Delete a comment."""
        self._api.call("DELETE", f"/issues/comments/{comment.id}")


def _name(side: Mapping[str, Any]) -> str | None:
    """Return the repository of one side of a pull request; None if the fork was deleted."""
    name: str | None = side["repo"] and side["repo"]["full_name"]
    return name
