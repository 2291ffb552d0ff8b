"""Check how a model is judged: required metrics that are never measured, and an evaluation that nothing reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from refinery.config.models.metrics import METRICS, NEGATED, explain_unknown_metric
from refinery.config.models.task import explain_other_metric
from refinery.spec.tasks import UNSUPERVISED, UNSUPERVISED_METRICS

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
    task = task_without_target(tree)
    for name, requirement in require.entries.items() if require else ():
        key = ("require", name)
        if task:
            yield from _check_unsupervised(requirement, name, task)
        elif name.startswith(NEGATED):
            message = f'errors are not negated here; write "{name.removeprefix(NEGATED)}" with a max'
            yield requirement.key_problem("unknown-metric", key, message)
        elif judges_itself is False and name not in METRICS:
            yield requirement.key_problem("unknown-metric", key, explain_unknown_metric(name))
        elif judges_itself and _COMPARISON in requirement.entries:
            comparison = requirement.entries[_COMPARISON]
            yield comparison.key_problem("not-comparable", (*key, _COMPARISON), _NOT_COMPARABLE)


def task_without_target(tree: Node) -> str | None:
    """Return the task that a config names; None where it names none, or one that does not exist."""
    task = tree.entries.get("task")
    return str(task.value) if task is not None and task.value in UNSUPERVISED else None


def _check_unsupervised(requirement: Node, name: str, task: str) -> Iterator[Problem]:
    key = ("require", name)
    if problem := explain_other_metric(name, task):
        yield requirement.key_problem("unknown-metric", key, problem)
        return
    [metric] = [one for one in UNSUPERVISED_METRICS[task] if one.name == name]
    comparison = requirement.entries.get(_COMPARISON)
    if comparison is not None and not metric.compares:
        why = (
            "takes two more fits, and a latest model is not fitted again"
            if metric.higher_is_better is not None
            else "is neither better high nor low"
        )
        message = f"does not work for {name}, which {why}; use min or max"
        yield comparison.key_problem("not-comparable", (*key, _COMPARISON), message)


def check_unused_evaluation(tree: Node, *, judges_itself: bool | None) -> Iterator[Problem]:
    """Warn about an `evaluate` section without effect, unless it comes from a file that other pipelines share.

    Args:
        tree: The resolved values; they may be invalid.
        judges_itself: See `check_required_metrics`.
    """
    evaluate = tree.entries.get("evaluate")
    if judges_itself and evaluate and evaluate.value and evaluate.source is tree.source:
        yield replace(evaluate.key_problem("unused-section", ("evaluate",), _UNUSED), severity="warning")
