"""Check the metrics that a model must reach: that they are measured, and can be compared with the latest model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.keys.metrics import METRICS, NEGATED, explain_unknown_metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.problems import Problem
    from include.config.text.node import Node

_COMPARISON = "no_worse_than_latest"
_NOT_COMPARABLE = "cannot be told of a model whose code holds out its own rows: no two models are measured on the same ones; require min or max"


def check_required_metrics(tree: Node, *, judges_itself: bool | None) -> Iterator[Problem]:
    """Report what is under `require` and cannot be judged.

    Args:
        tree: The resolved values; they may be wrong in themselves.
        judges_itself: Whether the model's own code measures it, by metrics that it names; None where nobody knows.
    """
    require = tree.entries.get("require")
    for name, requirement in require.entries.items() if require else ():
        key = ("require", name)
        if name.startswith(NEGATED):
            message = f'errors are no negative numbers here; write "{name.removeprefix(NEGATED)}", with a max'
            yield requirement.key_problem("unknown-metric", key, message)
        elif judges_itself is False and name not in METRICS:
            yield requirement.key_problem("unknown-metric", key, explain_unknown_metric(name))
        elif judges_itself and _COMPARISON in requirement.entries:
            comparison = requirement.entries[_COMPARISON]
            yield comparison.key_problem("not-comparable", (*key, _COMPARISON), _NOT_COMPARABLE)
