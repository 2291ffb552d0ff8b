"""Check the metrics that a model must reach: that there are such, and that one can tell what is worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.keys.metrics import METRICS, explain_unknown_metric
from include.config.problems import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.problems import Problem
    from include.config.text.node import Node

_COMPARISON = "no_worse_than_latest"


def check_required_metrics(tree: Node, *, names_its_own: bool) -> Iterator[Problem]:
    """Report names under `require` that cannot be judged.

    Args:
        tree: The resolved values; they may be wrong in themselves.
        names_its_own: Whether the model's code may return metrics under names of its own.
    """
    require = tree.entries.get("require")
    for name, requirement in require.entries.items() if require else ():
        if name in METRICS:
            continue
        if not names_its_own:
            yield requirement.key_problem("unknown-metric", ("require", name), explain_unknown_metric(name))
        elif _COMPARISON in requirement.entries and not _is_one_sided(requirement):
            yield requirement.entries[_COMPARISON].key_problem(
                "unknown-metric", ("require", name, _COMPARISON), _ask_for_direction(name)
            )


def _is_one_sided(requirement: Node) -> bool:
    return ("min" in requirement.entries) != ("max" in requirement.entries)


def _ask_for_direction(name: str) -> str:
    near = nearest_name(name, sorted(METRICS))
    offer = f'did you mean "{near}"? For a metric of your own ' if near else ""
    return (
        f'what is worse cannot be told, since "{name}" is no known metric; '
        f"{offer}add min where higher is better, or max where lower is"
    )
