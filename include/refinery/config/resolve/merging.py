"""Merge two layers: the nearer wins, mappings merge key by key, tags add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.config.models.model import MODEL_KEYS

if TYPE_CHECKING:
    from refinery.config.yaml.node import Node

# Two halves of different schedules, or of thresholds, do not make one.
_TAKEN_WHOLE = ("schedule", "matrix", "workspace")
_INNER_TAKEN_WHOLE = {"evaluate": "threshold"}


def merge_layers(farther: Node, nearer: Node) -> Node:
    """Return a config merged over the defaults below it."""
    merged = dict(farther.entries)
    for key, node in nearer.entries.items():
        below = merged.get(key)
        merged[key] = node if below is None else _merge_key(key, below, node)
    return nearer.with_value(merged)


def _merge_key(key: str, farther: Node, nearer: Node) -> Node:
    if key in _TAKEN_WHOLE:
        return nearer
    if key == "tags" and isinstance(nearer.value, list):
        return nearer.with_value([*farther.items, *nearer.items])
    if key == "model" and _names_another_model(farther, nearer):
        return nearer
    merged = _merge_values(farther, nearer)
    if (inner := _INNER_TAKEN_WHOLE.get(key)) and inner in nearer.entries:
        return merged.with_value({**merged.entries, inner: nearer.entries[inner]})
    return merged


def _merge_values(farther: Node, nearer: Node) -> Node:
    if not (isinstance(farther.value, dict) and isinstance(nearer.value, dict)):
        return nearer
    own = {
        key: key for key in nearer.value
    }  # a key that is a number in one layer and text in the other takes the nearer layer's type
    merged = {own.get(key, key): node for key, node in farther.value.items()}
    for key, node in nearer.value.items():
        below = merged.get(key)
        merged[key] = node if below is None else _merge_values(below, node)
    return nearer.with_value(merged)


def _names_another_model(farther: Node, nearer: Node) -> bool:
    """Return whether the defaults' parameters belong to a model that the nearer layer does not use."""
    below, above = (
        {key: node.value for key, node in layer.entries.items() if key in MODEL_KEYS}
        for layer in (farther, nearer)
    )
    return bool(below and above and below != above)
