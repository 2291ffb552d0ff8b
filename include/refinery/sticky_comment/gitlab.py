"""A merge request on GitLab, as a thread of comments, which GitLab calls notes."""

from __future__ import annotations

from refinery.sticky_comment.one_comment import MARKER, Comment
from refinery.sticky_comment.rest import RestApi

# The longest note, in characters.
LIMIT = 1_000_000


class GitLab:
    """A merge request.

    Args:
        api_url: The root of the API, such as "https://gitlab.com/api/v4".
        project: The project's number.
        merge_request: The number of the merge request in the project.
        token: A project or group access token that may write notes; the token of a job may not.
    """

    def __init__(self, api_url: str, project: str, merge_request: str, token: str) -> None:
        self._api = RestApi("GitLab", api_url, {"PRIVATE-TOKEN": token})
        self._notes = f"/projects/{project}/merge_requests/{merge_request}/notes"

    def own_comments(self) -> list[Comment]:
        """List the notes with the marker that were written with this token, oldest first."""
        author = self._api.call("GET", "/user")["id"]
        notes = self._api.pages(self._notes)
        own = [note for note in notes if note["author"]["id"] == author and note["body"].startswith(MARKER)]
        return sorted((Comment(note["id"], note["body"]) for note in own), key=lambda note: note.id)

    def create(self, body: str) -> Comment:
        """Write a new note."""
        made = self._api.call("POST", self._notes, {"body": body})
        return Comment(made["id"], made["body"])

    def edit(self, comment: Comment, body: str) -> None:
        """Replace a note's text."""
        self._api.call("PUT", f"{self._notes}/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        """Delete a note."""
        self._api.call("DELETE", f"{self._notes}/{comment.id}")
