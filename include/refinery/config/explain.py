"""Explain every value of a resolved pipeline and where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.config.yaml.scalars import ScalarKey, read_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config.pipeline import Pipeline
    from refinery.config.yaml.node import Node

_PARAMS = "model.params."
_DEFAULT = "default"
_FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """One value of a pipeline.

    Attributes:
        key: The dotted key, such as "model.params.alpha".
        value: The value in JSON's types; durations and dates as in a config.
        origin: "default", or the places that it comes from, such as "configs/defaults.yml:3".
    """

    key: str
    value: Any
    origin: str


def explain_pipeline(pipeline: Pipeline) -> tuple[ResolvedValue, ...]:
    """Return each value of a pipeline with its origin, in the order of the reference page."""
    return tuple(
        _with_folders(ResolvedValue(key, value, ", ".join(_origins(node)) if node else _DEFAULT), pipeline)
        for key, value, node in resolved_values(pipeline)
    )


def resolved_values(pipeline: Pipeline) -> Iterator[tuple[str, Any, Node | None]]:
    """Yield each value of a pipeline: its dotted key, the value in JSON's types, and its node, None for a default."""
    values = pipeline.config.model_dump(mode="json", by_alias=True, exclude={"tags", "matrix"})
    values["model"]["params"] = dict(pipeline.config.model.params)  # JSON would turn its keys into text
    values["tags"] = list(pipeline.tags)
    values["matrix"] = dict(pipeline.matrix) or None
    for name in type(pipeline.config).model_fields:
        yield from _walk(values[name], pipeline.tree.entries.get(name), name)


def _walk(value: Any, node: Node | None, key: str) -> Iterator[tuple[str, Any, Node | None]]:
    if isinstance(value, dict) and value:
        is_typed = key.startswith(_PARAMS)
        nodes = _entries(node, is_typed=is_typed)
        for name, inner in value.items():
            yield from _walk(inner, nodes.get(name), f"{key}.{_written(name) if is_typed else name}")
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for index, inner in enumerate(value):
            yield from _walk(inner, node.items[index] if node else None, f"{key}[{index}]")
    else:
        yield key, value, node


def _entries(node: Node | None, *, is_typed: bool) -> dict[Any, Node]:
    """Return the values of a mapping; in a model's params, keys keep their YAML types."""
    if node is None or not is_typed:
        return dict(node.entries) if node else {}
    return {key.scalar if isinstance(key, ScalarKey) else key: item for key, item in node.entries.items()}


def _written(name: Any) -> str:
    """Write a key as in YAML: a number as it is, a text that looks like one in quotes."""
    is_plain = isinstance(name, str) and not isinstance(read_key(name), ScalarKey)
    return name if is_plain else json.dumps(name)


def _origins(node: Node) -> list[str]:
    """Return the place of a value, or those of a list's items if they come from several."""
    is_mixed = any(item.source is not node.source or item.variables for item in node.items)
    if is_mixed:
        return list(dict.fromkeys(origin for item in node.items for origin in _origins(item)))
    variables = [f"${{{name}}} from {variable.place}" for name, variable in node.variables.items()]
    return [", ".join([node.place, *variables])]


def _with_folders(tags: ResolvedValue, pipeline: Pipeline) -> ResolvedValue:
    if tags.key != "tags" or tags.value == list(pipeline.config.tags):
        return tags
    origin = _FOLDER if tags.origin == _DEFAULT else f"{tags.origin}, {_FOLDER}"
    return ResolvedValue(tags.key, tags.value, origin)
