"""What keeps two versions from being compared: RefineryError > ReviewError > the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.problems import nearest_name
from include.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ReviewError(RefineryError):
    """A comparison that cannot be made as it was asked for."""


class GitError(ReviewError):
    """git is not there, or refused.

    Attributes:
        reason: What it said.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NotARepositoryError(ReviewError):
    """A folder without git's history.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} is not in a git repository; a plan compares two of its revisions. "
            "Make one with: git init && git add . && git commit"
        )


class NoCommitsError(ReviewError):
    """A repository without a commit.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} is in a git repository without a commit, so that there is nothing to compare with. "
            "Make one with: git add . && git commit"
        )


class UnknownRevisionError(ReviewError):
    """A revision that the repository does not have.

    Attributes:
        revision: The revision as it was asked for.
        known: The branches and tags that there are.
    """

    def __init__(self, revision: str, known: Sequence[str], *, is_shallow: bool) -> None:
        self.revision = revision
        self.known = tuple(known)
        near = nearest_name(revision, self.known)
        offer = f'; did you mean "{near}"?' if near else "; name a branch, a tag or a commit"
        fetch = f". {_FETCH_SHALLOW}" if is_shallow else f". {_FETCH}" if "/" in revision and not near else ""
        super().__init__(f'git knows no revision "{revision}"{offer}{fetch}')


class UnknownEnvironmentError(ReviewError):
    """An environment that neither version has.

    Attributes:
        reason: What was asked for, and what is near it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"before and after the change {reason}")


class NoCommonCommitError(ReviewError):
    """Two revisions between which the change cannot be told.

    Attributes:
        base: The one.
        head: The other.
    """

    def __init__(self, base: str, head: str) -> None:
        self.base = base
        self.head = head
        super().__init__(
            f"this clone is shallow, and where {head} left {base} is not in it. {_FETCH_SHALLOW}"
        )


class MissingObjectError(ReviewError):
    """A commit or file that git names and does not have."""

    def __init__(self, what: str) -> None:
        super().__init__(f"git has no {what} here. {_FETCH_SHALLOW}")


class SubmoduleError(ReviewError):
    """A submodule that the project needs and that was not fetched.

    Attributes:
        path: Its folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"{path} is a submodule that is not here. Fetch it with: git submodule update --init {path}"
        )


class LinkedFolderError(ReviewError):
    """A folder of the project that is a symbolic link, of whose files git's history tells nothing.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"{path} is a symbolic link, and git does not tell what lies behind it; put the folder itself here"
        )


_FETCH = "Fetch it with: git fetch origin"
_FETCH_SHALLOW = (
    "Fetch more of the history with: git fetch --deepen=100 (in GitHub Actions: fetch-depth: 0 of actions/checkout), "
    "or git fetch --unshallow"
)
