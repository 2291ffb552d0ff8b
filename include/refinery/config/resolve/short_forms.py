"""Expand short forms, so that layers merge key by key whatever form each one uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.config.yaml.node import ImplicitKey
from refinery.spec.urls import is_url

if TYPE_CHECKING:
    from refinery.config.yaml.node import Node

_KEY_OF_SHORT_FORM = {"source": "url", "model": "module", "output": "url", "fit": "mode", "target": "column"}
# The same below a section: `fit: {early_stopping: 50}` is `fit: {early_stopping: {rounds: 50}}`.
_INNER_KEY_OF_SHORT_FORM = {("fit", "early_stopping"): "rounds", ("evaluate", "threshold"): "value"}


def expand_short_forms(root: Node) -> Node:
    """Replace `source: URL` by `source: {url: URL}`, and the short forms of other keys."""
    entries = dict(root.entries)
    for name, key in _KEY_OF_SHORT_FORM.items():
        node = entries.get(name)
        if node is not None and (
            isinstance(node.value, str)
            or (name == "source" and isinstance(node.value, list))
            or (name == "target" and not isinstance(node.value, dict | None))
        ):
            entries[name] = node.with_value({ImplicitKey(key): _without_key(node)})
    if (wait := entries.get("wait_for")) and isinstance(wait.value, bool):
        entries["wait_for"] = wait.with_value({} if wait.value else None)
    for (name, inner), key in _INNER_KEY_OF_SHORT_FORM.items():
        node = entries[name].entries.get(inner) if name in entries else None
        if node is not None and not isinstance(node.value, dict | None):
            expanded = node.with_value({ImplicitKey(key): _without_key(node)})
            entries[name] = entries[name].with_value({**entries[name].entries, inner: expanded})
    return root.with_value(entries)


def choose_keys(root: Node) -> Node:
    """Choose the keys that depend on a value; this comes last, since variables may supply the value.

    A dotted `model: sklearn.x.Y` moves from `module` to `class`; `workspace: TEXT` becomes its `url` or its `path`.
    """
    return _choose_workspace_key(_choose_model_key(root))


def _choose_workspace_key(root: Node) -> Node:
    workspace = root.entries.get("workspace")
    if workspace is None or not isinstance(workspace.value, str):
        return root
    key = ImplicitKey("url" if is_url(workspace.value) else "path")
    choice = workspace.with_value({key: _without_key(workspace)})
    return root.with_value({**root.entries, "workspace": choice})


def _choose_model_key(root: Node) -> Node:
    model = root.entries.get("model")
    name = model.entries.get("module") if model else None
    if model is None or name is None or name.key_start or not _is_class_path(name.value):
        return root
    choice = {(ImplicitKey("class") if key == "module" else key): node for key, node in model.entries.items()}
    return root.with_value({**root.entries, "model": model.with_value(choice)})


def _is_class_path(name: object) -> bool:
    return isinstance(name, str) and "." in name and "/" not in name and not name.endswith(".py")


def _without_key(node: Node) -> Node:
    """Copy a node as the value of an implicit key."""
    copy = node.with_value(node.value)
    copy.key_start = copy.key_end = None
    return copy
