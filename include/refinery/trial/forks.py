"""Keep the code of strangers from running where a CI system's keys may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.review import ReviewError
from refinery.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFUSED = (
    "--code runs the code of both versions, which could read the keys of this runner, and {reason}. Leave --code out here; "
    "once the change is read, push it to a branch of the project itself, or run the command on a machine without keys"
)


def refuse_forks(environment: Mapping[str, str]) -> None:
    """Refuse to run the code of a pull or merge request that comes from a fork, or may come from one.

    Args:
        environment: The environment variables, which say what GitHub or GitLab runs the command for.

    Raises:
        ReviewError: It comes from a fork, or GitHub does not say where it comes from.
    """
    reason = _github(environment) if "GITHUB_ACTIONS" in environment else _gitlab(environment)
    if reason:
        raise ReviewError(_REFUSED.format(reason=reason))


def _github(environment: Mapping[str, str]) -> str | None:
    try:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, OSError, ValueError):
        return "the file that GITHUB_EVENT_PATH should name, which says where the change comes from, cannot be read"
    if pull := event.get("pull_request"):
        return _other(_repository(pull.get("head")), _repository(pull.get("base")))
    if run := event.get("workflow_run"):
        return _other(_name(run.get("head_repository")), _name(event.get("repository")))
    if (event.get("issue") or {}).get("pull_request"):
        return "a comment's event does not say whether its pull request comes from a fork"
    return None


def _repository(side: Any) -> str | None:
    return _name((side or {}).get("repo"))


def _name(repository: Any) -> str | None:
    """Return the name of a repository in an event; GitHub writes null for one that was deleted."""
    return (repository or {}).get("full_name")


def _other(head: str | None, base: str | None) -> str | None:
    if head and head == base:
        return None
    return f"the pull request comes from {f'the fork {shown(head)}' if head else 'a fork that is gone'}"


def _gitlab(environment: Mapping[str, str]) -> str | None:
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    if source is None or source == environment.get("CI_PROJECT_ID"):
        return None
    where = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH") or f"the project {source}"
    return f"the merge request comes from another project, {shown(where)}"
