"""Check a commit out in a temporary git worktree."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.review.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_worktree(project: Path, commit: str) -> Iterator[Path]:
    """Yield the project's folder as it is in a commit, in a git worktree that is removed afterwards.

    Args:
        project: The project's folder, in a git repository.
        commit: The commit's full hash.

    Raises:
        ReviewError: git cannot check it out.
    """
    repository = Repository(project)
    with tempfile.TemporaryDirectory(prefix="refinery-worktree-") as folder:
        worktree = Path(folder).resolve() / "worktree"
        try:
            repository.add_worktree(worktree, commit)
            root = worktree / repository.prefix
            root.mkdir(parents=True, exist_ok=True)  # the commit may not have the folder yet
            yield root
        finally:
            repository.remove_worktree(worktree)
