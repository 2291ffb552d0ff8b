"""Ask git about the checkout that a project is in."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def ask_git(folder: Path, *arguments: str) -> str | None:
    """Return what a git command prints; None where it fails, as outside of a checkout, or git is not installed.

    Args:
        folder: Where to run it.
        arguments: The command, such as "rev-parse".
    """
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
