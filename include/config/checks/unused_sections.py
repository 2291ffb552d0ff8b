"""Find sections that a pipeline's model makes no use of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.problems import Problem
    from include.config.text.node import Node

_UNUSED = "has no effect: the model's own code holds out rows and measures itself; remove it, or define build_model or fit"


def check_unused_evaluation(tree: Node, *, judges_itself: bool | None) -> Iterator[Problem]:
    """Warn of an `evaluate` that nothing reads; one of a file that other pipelines share is for these.

    Args:
        tree: The resolved values; they may be wrong in themselves.
        judges_itself: As of `check_required_metrics`.
    """
    evaluate = tree.entries.get("evaluate")
    if judges_itself and evaluate and evaluate.value and evaluate.source is tree.source:
        yield replace(evaluate.key_problem("unused-section", ("evaluate",), _UNUSED), severity="warning")
