"""What the comment says around the plan, from what the code host itself tells of the run."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sticky_comment.github import ReviewedRun

# Changes below these run nowhere while a plan is made: configs are data, and models are imported when they are trained.
_PASSIVE_FOLDERS = ("configs", "docs", "include/models", "tests")
_CUT = "\n\nThe plan is longer than a comment may be; the run's page has the whole of it.\n"
# A code fence and a few folds in each other.
_ROOM_TO_CLOSE = 100


def comment_on_plan(plan: str, run: ReviewedRun, changed_files: Iterable[str], *, limit: int) -> str:
    """Put the run's commit below a plan, and above it a warning where the pull request brought the code that made it.

    Args:
        plan: The plan in Markdown.
        run: The run that made it.
        changed_files: What the pull request changes.
        limit: How many characters the whole may have.
    """
    active = sorted({file for file in changed_files if not _is_passive(file)})
    head = _warning(active) if active else ""
    foot = f"\n\n<sub>Plan of {run.head_commit[:7]}, by [this run]({run.url}).</sub>\n"
    return head + shorten(plan.strip(), limit - len(head) - len(foot)) + foot


def comment_without_plan(run: ReviewedRun) -> str:
    """Say why a comment that showed a plan shows none any more."""
    if run.succeeded:
        return f"Since {run.head_commit[:7]}, nothing changes that reaches a pipeline.\n"
    return f"No plan could be made of {run.head_commit[:7]}: [the run]({run.url}) tells why.\n"


def shorten(plan: str, limit: int) -> str:
    """Cut a plan at the end of a line, where it is longer than a comment may be, and close what is open there."""
    if len(plan) <= limit:
        return plan
    kept = plan[: limit - len(_CUT) - _ROOM_TO_CLOSE].rpartition("\n")[0]
    fence = "\n```" if kept.count("\n```") % 2 else ""
    open_folds = kept.count("<details>") - kept.count("</details>")
    return kept + (fence + "\n</details>" * open_folds)[:_ROOM_TO_CLOSE] + _CUT


def _is_passive(file: str) -> bool:
    path = PurePosixPath(file)
    return path.suffix == ".md" or any(path.is_relative_to(folder) for folder in _PASSIVE_FOLDERS)


def _name(file: str) -> str:
    """Write a file's name so that it stays in its code span: without backticks and line breaks."""
    return "".join(letter for letter in file if letter.isprintable() and letter != "`")


def _warning(files: list[str]) -> str:
    shown = ", ".join(f"`{_name(file)}`" for file in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""  # noqa: PLR2004 - as many as are shown
    return (
        "> [!WARNING]\n"
        f"> This pull request changes {shown}{more}: the plan below was made by its own code. Read that first.\n\n"
    )
