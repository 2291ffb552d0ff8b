"""Expand a matrix to its combinations, by the rules of GitHub Actions."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.config.yaml.node import Node

_RULES = ("include", "exclude")
# The same as on GitHub; more pipelines from one file are a mistake.
MAX_COMBINATIONS = 256


def count_combinations(matrix: Node) -> int:
    """Return the number of combinations of a matrix without making them, excluded ones included."""
    sizes = [len(node.items) for axis, node in matrix.entries.items() if axis not in _RULES]
    added = len(matrix.entries["include"].items) if "include" in matrix.entries else 0
    return (prod(sizes) if sizes else 0) + added


def expand_matrix(matrix: Node) -> list[dict[str, Node]]:
    """Return the values of each combination by axis, in written order.

    An entry of `include` adds its values to the combinations that it does not contradict; if there are none, it becomes a
    combination itself.
    """
    axes = {axis: node.items for axis, node in matrix.entries.items() if axis not in _RULES}
    combinations = (
        [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    )
    for rule in _entries(matrix, "exclude"):
        combinations = [one for one in combinations if not _has(one, rule)]
    originals = [dict(one) for one in combinations]
    for rule in _entries(matrix, "include"):
        fitting = [index for index, one in enumerate(originals) if _fits(one, rule)]
        for index in fitting:
            combinations[index].update(rule)
        if not fitting:
            combinations.append(dict(rule))
    return combinations


def id_values(matrix: Node, combination: Mapping[str, Node]) -> list[object]:
    """Return the values that make up a combination's DAG id: those of the axes, else all."""
    axes = [axis for axis in matrix.entries if axis not in _RULES and axis in combination]
    return [combination[axis].value for axis in axes or combination]


def _entries(matrix: Node, rule: str) -> list[dict[str, Node]]:
    node = matrix.entries.get(rule)
    return [item.entries for item in node.items] if node else []


def _has(combination: Mapping[str, Node], rule: Mapping[str, Node]) -> bool:
    return all(axis in combination and _same(combination[axis], node) for axis, node in rule.items())


def _fits(original: Mapping[str, Node], rule: Mapping[str, Node]) -> bool:
    return all(axis not in original or _same(original[axis], node) for axis, node in rule.items())


def _same(left: Node, right: Node) -> bool:
    # True equals 1 in Python, but not in YAML.
    return type(left.value) is type(right.value) and left.value == right.value
