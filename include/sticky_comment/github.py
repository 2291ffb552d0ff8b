"""A pull request on GitHub: found from the run that reviewed it, and its comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sticky_comment.errors import PostingError
from include.sticky_comment.one_comment import MARKER, Comment
from include.sticky_comment.rest import RestApi

if TYPE_CHECKING:
    from collections.abc import Mapping

# Who writes with the token that GitHub gives to a workflow.
AUTHOR = "github-actions[bot]"
# What a comment may hold, in characters.
LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class ReviewedRun:
    """What GitHub itself says of the run that made the plan; nothing here comes from the pull request's own code.

    Attributes:
        url: The run's page.
        succeeded: Whether its checks passed.
        head_repository: Where the reviewed branch is, as "owner/name": a fork, or the repository itself.
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
            PostingError: It is another event's, or the fork is gone.
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
            raise PostingError(
                f"The event has no {error}: only a workflow_run event of a branch that is still there can be commented on."
            ) from error


class GitHub:
    """A repository on GitHub.

    Args:
        api_url: The API's root, as "https://api.github.com".
        repository: The repository that is merged into, as "owner/name".
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
            number: The number that the run's artifact names, which is not trusted.
            run: The run.

        Returns:
            The pull request; None where it is closed, or has a newer commit, whose own run will tell of it.

        Raises:
            PostingError: It is another branch's pull request.
            CodeHostError: GitHub refuses or does not answer.
        """
        found = self._api.call("GET", f"/pulls/{number}")
        head, base = found["head"], found["base"]
        same_branch = _name(head) == run.head_repository and _name(base) == self._repository
        if not same_branch:
            raise PostingError(
                f"The plan says that it is of pull request {number}, but that is not a pull request"
                f" of {run.head_repository} into {self._repository}. Nothing was posted."
            )
        if found["state"] != "open" or head["sha"] != run.head_commit:
            return None
        return PullRequest(self._api, number)


class PullRequest:
    """An open pull request, as a thread of comments."""

    def __init__(self, api: RestApi, number: int) -> None:
        self._api = api
        self._number = number

    def changed_files(self) -> list[str]:
        """List the files that it changes, each under its old name too where it has one."""
        files = self._api.pages(f"/pulls/{self._number}/files")
        return [name for file in files for name in (file["filename"], file.get("previous_filename")) if name]

    def own_comments(self) -> list[Comment]:
        """List the comments that carry the marker and were written by the workflow, the oldest first."""
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
    """Return the repository of one side of a pull request; None where a fork was deleted."""
    name: str | None = side["repo"] and side["repo"]["full_name"]
    return name
