"""Check how a model is judged: required metrics that are never measured, and an evaluation that nothing reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from refinery.config.models.metrics import METRICS, NEGATED, explain_unknown_metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

_COMPARISON = "no_worse_than_latest"
_NOT_COMPARABLE = "does not work for a model whose code holds out rows itself, since no two models are measured on the same rows; use min or max"
_UNUSED = "has no effect, since the model's own code holds out rows and computes the metrics; remove it, or define build_model or fit"


def check_required_metrics(tree: Node, *, judges_itself: bool | None) -> Iterator[Problem]:
    """Yield a problem for each requirement that cannot be checked.

    Args:
        tree: The resolved values; they may be invalid.
        judges_itself: Whether the model's own code computes metrics, under its own names; None if unknown.
    """
    require = tree.entries.get("require")
    for name, requirement in require.entries.items() if require else ():
        key = ("require", name)
        if name.startswith(NEGATED):
            message = f'errors are not negated here; write "{name.removeprefix(NEGATED)}" with a max'
            yield requirement.key_problem("unknown-metric", key, message)
        elif judges_itself is False and name not in METRICS:
            yield requirement.key_problem("unknown-metric", key, explain_unknown_metric(name))
        elif judges_itself and _COMPARISON in requirement.entries:
            comparison = requirement.entries[_COMPARISON]
            yield comparison.key_problem("not-comparable", (*key, _COMPARISON), _NOT_COMPARABLE)


def check_unused_evaluation(tree: Node, *, judges_itself: bool | None) -> Iterator[Problem]:
    """Warn about an `evaluate` section without effect, unless it comes from a file that other pipelines share.

    Args:
        tree: The resolved values; they may be invalid.
        judges_itself: See `check_required_metrics`.
    """
    evaluate = tree.entries.get("evaluate")
    if judges_itself and evaluate and evaluate.value and evaluate.source is tree.source:
        yield replace(evaluate.key_problem("unused-section", ("evaluate",), _UNUSED), severity="warning")
