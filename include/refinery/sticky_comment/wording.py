"""What the comment says around the plan, from what the code host itself says about the run."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinery.sticky_comment.github import ChangedFiles, ReviewedRun

# No file below these runs while a plan is made: configs are data, and models are imported only in training.
_PASSIVE_FOLDERS = ("configs", "docs", "include/models", "tests")
_CUT = "\n\nThe plan is longer than a comment may be; the page of the run has all of it.\n"
# Room for a code fence and a few nested folds.
_ROOM_TO_CLOSE = 100


def comment_on_plan(plan: str, run: ReviewedRun, changed_files: ChangedFiles, *, limit: int) -> str:
    """Put the commit of the run below a plan, and a warning above it if the pull request changed the code that made it.

    Args:
        plan: The plan in Markdown.
        run: The run that made it.
        changed_files: What the pull request changes.
        limit: The most characters that the comment may have.
    """
    active = sorted({file for file in changed_files.names if not _is_passive(file)})
    head = _warning(active, is_complete=changed_files.is_complete)
    foot = f"\n\n<sub>Plan for {run.head_commit[:7]}, made by [this run]({run.url}).</sub>\n"
    return head + shorten(plan.strip(), limit - len(head) - len(foot)) + foot


def comment_without_plan(run: ReviewedRun) -> str:
    """Return why a comment that showed a plan no longer does."""
    if run.succeeded:
        return f"Since {run.head_commit[:7]}, no change reaches a pipeline.\n"
    return f"No plan could be made for {run.head_commit[:7]}: [the run]({run.url}) says why.\n"


def shorten(plan: str, limit: int) -> str:
    """Cut a plan that is longer than a comment may be at the end of a line, and close what is open there."""
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
    """Write the name of a file without backticks and line breaks, so that it stays in its code span."""
    return "".join(letter for letter in file if letter.isprintable() and letter != "`")


def _warning(files: list[str], *, is_complete: bool) -> str:
    """Warn if the pull request changes code, or if the list of files may lack some."""
    if files:
        shown = ", ".join(f"`{_name(file)}`" for file in files[:3])
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""  # noqa: PLR2004 - as many as are shown
        warning = f"This pull request changes {shown}{more}: its own code made the plan below."
    elif not is_complete:
        warning = "This pull request changes more files than GitHub lists: its own code may have made the plan below."
    else:
        return ""
    return f"> [!WARNING]\n> {warning} Read that first.\n\n"
