"""Changes of how tasks run, and of who hears when they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, low, medium, noted, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def never_retried(draft: Draft) -> Finding:
    """Never retry the failed tasks of one pipeline: R060, medium."""
    path = draft.pick(has("require"))
    with draft.edit(path) as config:
        config["retries"] = 0
    return medium("R060", path)


def all_retried_less(draft: Draft) -> Finding:
    """Retry failed tasks of every pipeline once instead of three times, by the project's defaults: R060, medium."""
    draft.replace("configs/defaults.yml", "retries: 3", "retries: 1")
    return medium("R060", "configs/")


def ended_early(draft: Draft) -> Finding:
    """End tasks after ten minutes instead of two hours: R061, medium."""
    path = draft.pick(has("timeout"))
    with draft.edit(path) as config:
        config["timeout"] = "10m"
    return medium("R061", path)


def no_waiting(draft: Draft) -> Finding:
    """No longer wait for the dataset: R062, medium."""
    path = draft.pick(has("wait_for"))
    with draft.edit(path) as config:
        del config["wait_for"]
    return medium("R062", path)


def nobody_of_a_team_hears(draft: Draft) -> Finding:
    """Notify nobody of a team's failures: R063, medium."""
    path = draft.pick(has("require"))
    folder = path.rpartition("/")[0] + "/"
    with draft.edit(f"{folder}defaults.yml") as config:
        config["notify"] = {"on_failure": []}
    return medium("R063", folder)


def other_pool(draft: Draft) -> Finding:
    """Take the slots of a pool that may not exist: R064, low."""
    path = draft.pick(has("require"))
    with draft.edit(path) as config:
        config["pool"] = "gpu"
    return low("R064", path)


def less_memory(draft: Draft) -> Finding:
    """Give the training a sixteenth of its memory or less, so that it is killed: at least medium."""
    path = draft.pick(has("resources.memory"))
    with draft.edit(path) as config:
        config["resources"]["memory"] = "2Gi"
        config["resources"].pop("steps", None)
    return serious(path)


def paused_without_effect(draft: Draft) -> Finding:
    """Write `paused: true` for a DAG that runs, which Airflow ignores: the author must learn that it still runs; any risk."""
    path = draft.pick(has("require"))
    with draft.edit(path) as config:
        config["paused"] = True
    return noted(path)


KINDS = (
    bad(
        "operations",
        never_retried,
        all_retried_less,
        ended_early,
        no_waiting,
        nobody_of_a_team_hears,
        other_pool,
        less_memory,
        paused_without_effect,
    ),
)
