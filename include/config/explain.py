"""Tell every value of a resolved pipeline and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config.pipeline import Pipeline
    from include.config.text.node import Node

_DEFAULT = "default"
_FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """One value of a pipeline.

    Attributes:
        key: The dotted key, as "model.params.alpha".
        value: The value in JSON's types; durations and days as they are written in a config.
        origin: "default", or the places that it came from, as "configs/defaults.yml:3".
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
    """Yield each value of a pipeline: its dotted key, itself in JSON's types, and where it is written, None for a default."""
    values = pipeline.config.model_dump(mode="json", by_alias=True, exclude={"tags", "matrix"})
    values["tags"] = list(pipeline.tags)
    values["matrix"] = dict(pipeline.matrix) or None
    for name in type(pipeline.config).model_fields:
        yield from _walk(values[name], pipeline.tree.entries.get(name), name)


def _walk(value: Any, node: Node | None, key: str) -> Iterator[tuple[str, Any, Node | None]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _walk(inner, node.entries.get(name) if node else None, f"{key}.{name}")
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for index, inner in enumerate(value):
            yield from _walk(inner, node.items[index] if node else None, f"{key}[{index}]")
    else:
        yield key, value, node


def _origins(node: Node) -> list[str]:
    """Return the place of a value, or those of a list's items where they came from several."""
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
