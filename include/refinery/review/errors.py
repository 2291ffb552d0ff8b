"""What keeps two versions from being compared: RefineryError > ReviewError > LinkedFolderError."""

from __future__ import annotations

from refinery.errors import RefineryError

# What to do where a clone has only a part of the history.
FETCH_MORE = (
    "Fetch more of the history with: git fetch --deepen=100 (in GitHub Actions: fetch-depth: 0 of actions/checkout), "
    "or git fetch --unshallow"
)


class ReviewError(RefineryError):
    """A comparison that cannot be made as asked."""


class LinkedFolderError(ReviewError):
    """A folder of the project that is a symbolic link, whose files git does not record.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f'"{path}" is a symbolic link, and git does not record what lies behind it; put the folder itself here'
        )
