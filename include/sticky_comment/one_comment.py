"""Keeps one comment of ours in a thread, whatever happens beside it: a second run, a lost answer, somebody's deletion."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, Protocol

from include.sticky_comment.errors import CodeHostError

# By this first line a comment is found again; nobody sees it on the page.
MARKER = "<!-- refinery-plan -->"
ATTEMPTS = 4

Outcome = Literal["created", "edited", "unchanged", "absent"]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of ours, as the host has it."""

    id: int
    body: str


class Thread(Protocol):
    """The comments of one pull or merge request."""

    def own_comments(self) -> list[Comment]:
        """List the comments that carry the marker and were written by us, the oldest first."""

    def create(self, body: str) -> Comment:
        """Write a new comment."""

    def edit(self, comment: Comment, body: str) -> None:
        """Replace a comment's text."""

    def delete(self, comment: Comment) -> None:
        """Delete a comment."""


def keep_one_comment(thread: Thread, text: str, *, create: bool = True) -> Outcome:
    """Make the thread hold one comment of ours with this text.

    The oldest comment stays, so that of two runs that both made one the same survives in both.

    Args:
        thread: The comments.
        text: What it is to say.
        create: Whether a comment is made where there is none.

    Returns:
        What was done; "absent" where there is none and none was to be made.

    Raises:
        CodeHostError: The host refuses, or does not answer for long.
    """
    body = f"{MARKER}\n{text}"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _keep(thread, body, create=create)
        except CodeHostError as error:
            # Looked at anew: what failed may have been done, and what was edited may have been deleted by somebody.
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
        # A host may list a new comment late; another run may have made one at the same moment.
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
        if error.status != HTTPStatus.NOT_FOUND:  # the other run was quicker
            raise
