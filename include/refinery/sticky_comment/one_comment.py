"""Keep one comment of ours in a thread, whatever else happens: a second run, a lost answer, a deletion."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, Protocol

from refinery.sticky_comment.rest import CodeHostError

# The first line, by which a comment is found again; it is invisible on the page.
MARKER = "<!-- refinery-plan -->"
ATTEMPTS = 4

Outcome = Literal["created", "edited", "unchanged", "absent"]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of ours, as the host stores it."""

    id: int
    body: str


class Thread(Protocol):
    """The comments of one pull or merge request."""

    def own_comments(self) -> list[Comment]:
        """List the comments with the marker that we wrote, oldest first."""

    def create(self, body: str) -> Comment:
        """Write a new comment."""

    def edit(self, comment: Comment, body: str) -> None:
        """Replace a comment's text."""

    def delete(self, comment: Comment) -> None:
        """Delete a comment."""


def keep_one_comment(thread: Thread, text: str, *, create: bool = True) -> Outcome:
    """Make the thread hold exactly one comment of ours, with this text.

    The oldest comment stays, so that two runs which both created one keep the same one.

    Args:
        thread: The comments.
        text: The text of the comment.
        create: Whether to create a comment if there is none.

    Returns:
        What was done; "absent" if there is none and none was to be created.

    Raises:
        CodeHostError: The host refuses, or repeatedly does not answer.
    """
    body = f"{MARKER}\n{text}"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _keep(thread, body, create=create)
        except CodeHostError as error:
            # Looked up again: a failed request may have been carried out, and an edited comment may have been deleted.
            if attempt == ATTEMPTS or not (error.retryable or error.status == HTTPStatus.NOT_FOUND):
                raise
            time.sleep(2 ** (attempt - 1))
    raise AssertionError  # the last attempt returns or raises


def _keep(thread: Thread, body: str, *, create: bool) -> Outcome:
    own = thread.own_comments()
    outcome: Outcome = "edited"
    if not own:
        if not create:
            return "absent"
        made = thread.create(body)
        # A host may list a new comment late, and another run may have created one at the same moment.
        own = sorted(
            {comment.id: comment for comment in [made, *thread.own_comments()]}.values(),
            key=lambda one: one.id,
        )
        outcome = "created"
    oldest, *others = own
    if oldest.body != body:
        thread.edit(oldest, body)
    elif outcome == "edited":
        outcome = "unchanged"
    for other in others:
        _delete(thread, other)
    return outcome


def _delete(thread: Thread, comment: Comment) -> None:
    try:
        thread.delete(comment)
    except CodeHostError as error:
        if error.status != HTTPStatus.NOT_FOUND:  # the other run was faster
            raise
