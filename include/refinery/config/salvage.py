"""Keep the valid part of a config with errors, to compare with it and never to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from refinery.config.models.pipeline import PipelineConfig

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from refinery.config.yaml.node import Node

    Path = tuple[str, ...]

# Each round drops what the last one found wrong; a section that lost its last right key is found one round later.
_MOST_ROUNDS = 5


def salvage(tree: Node) -> tuple[PipelineConfig, Node] | None:
    """Leave out the keys of a resolved tree that are wrong; None where the rest is not a pipeline."""
    tree = _without_broken(tree)
    for _ in range(_MOST_ROUNDS):
        try:
            return PipelineConfig.model_validate(tree.to_plain()), tree
        except ValidationError as error:
            wrong = {_find(tree, detail) for detail in error.errors(include_url=False)}
        if () in wrong:
            return None
        for path in wrong:
            tree = _without(tree, path)
    return None


def _find(tree: Node, detail: ErrorDetails) -> Path:
    """Return the keys of the innermost mapping's entry that an error is of."""
    path: Path = ()
    for part in detail["loc"]:
        if isinstance(part, int):
            break
        if part in tree.entries:
            tree = tree.entries[part]
            path = (*path, part)
    return path


def _without_broken(tree: Node) -> Node:
    """Leave out values that a problem was reported of, secrets among them."""
    if any(item.is_broken for item in tree.items):
        return tree.with_value([item for item in tree.items if not item.is_broken])
    if not isinstance(tree.value, dict):
        return tree
    return tree.with_value(
        {key: _without_broken(node) for key, node in tree.entries.items() if not node.is_broken}
    )


def _without(tree: Node, path: Path) -> Node:
    key, *rest = path
    if key not in tree.entries:
        return tree
    others = {name: node for name, node in tree.entries.items() if name != key}
    return tree.with_value(
        {**tree.entries, key: _without(tree.entries[key], tuple(rest))} if rest else others
    )
