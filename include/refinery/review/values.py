"""Find the values that differ between two resolved pipelines, and the edit that made each differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from refinery.config import blank_secrets, resolved_values
from refinery.review.plan import Place, ValueChange
from refinery.review.wording import format_change, format_value, hide_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refinery.config import Node, Pipeline
    from refinery.review.plan import Side

_MATRIX = "matrix."
_DEFAULT = "default"
_FOLDER = "folder"
# The heading under which a data scientist looks for a key; the longest beginning counts.
_TOPICS = {
    "description": "about",
    "tags": "about",
    "owner": "about",
    "source": "source",
    "wait_for": "source",
    "fit": "model",
    "model": "model",
    "model.params": "params",
    "model.search": "params",
    "search": "model",
    "model.args": "params",
    "model.env": "params",
    "task": "target",
    "target": "target",
    "features": "features",
    "drop": "features",
    "weight": "model",
    "preprocess": "features",
    "expect": "data contract",
    "evaluate": "evaluation",
    "require": "gates",
    "gate": "gates",
    "schedule": "schedule",
    "timezone": "schedule",
    "start_date": "schedule",
    "end_date": "schedule",
    "catchup": "schedule",
    "paused": "schedule",
    "output": "output",
    "overwrite": "output",
    "card": "output",
    "notify": "notifications",
    "params": "run params",
    "matrix": "matrix",
    "vars": "environment",
}
# Retries, timeouts, pools, queues and whatever else decides how and where tasks run.
_OTHERS = "running"


@dataclass(frozen=True, slots=True)
class Edit:
    """A value that changes, and why.

    Attributes:
        change: What changes in the pipeline.
        cause: The edit behind it, the same for all pipelines that it reaches: of a variable where the value was made of one.
    """

    change: ValueChange
    cause: ValueChange


@dataclass(frozen=True, slots=True)
class _Value:
    """A value at one side, where it is written, and where it came from if nobody wrote it; without a value there is none."""

    value: Any = None
    node: Node | None = None
    origin: str = ""


_NO_VALUE = _Value()


def find_edits(base: Pipeline, head: Pipeline) -> tuple[Edit, ...]:
    """Return what differs between two versions of a pipeline, in the order of the reference page."""
    if base is head:
        return ()
    before, after = _values(base), _values(head)
    before, after = _fold_defaults(before, after, base), _fold_defaults(after, before, head)
    keys = dict.fromkeys((*after, *before))
    return tuple(
        _edit(key, before.get(key, _NO_VALUE), after.get(key, _NO_VALUE), base, head)
        for key in keys
        if not _same(before.get(key, _NO_VALUE).value, after.get(key, _NO_VALUE).value)
    )


def describe_values(pipeline: Pipeline, side: Side) -> tuple[ValueChange, ...]:
    """Return every value that is not a default: those of an added pipeline at head, those of a removed one at base."""
    return tuple(
        ValueChange(
            key=key,
            topic=_topic_of(key),
            before=_shown(one.value) if side == "base" else None,
            after=_shown(one.value) if side == "head" else None,
            sentence=format_value(key, one.value),
            place=_place(one.node, side),
        )
        for key, one in _values(pipeline).items()
        if one.node is not None
    )


def own_values(pipeline: Pipeline) -> dict[str, tuple[Any, str]]:
    """Return each value of a pipeline's own config by its key, with its text as written there: what it is known by."""
    return {
        key: (one.value, _written(one.node))
        for key, one in _values(pipeline).items()
        if one.node is not None and one.node.source.path == pipeline.path
    }


def _values(pipeline: Pipeline) -> dict[str, _Value]:
    """Return the values by key; an empty list or mapping is as good as none."""
    return {
        key: _Value(value, node, "" if node else _FOLDER if key == "tags" else _DEFAULT)
        for key, value, node in resolved_values(pipeline)
        if value is not None and value not in ([], {}, "")
    }


def _fold_defaults(
    values: Mapping[str, _Value], others: Mapping[str, _Value], pipeline: Pipeline
) -> dict[str, _Value]:
    """Leave out the defaults of sections that the other side does not have; a section of defaults alone is shown as a whole."""
    folded: dict[str, _Value] = {}
    for key, one in values.items():
        section = key.rpartition(".")[0]
        if one.origin != _DEFAULT or key in others or not section:
            folded[key] = one
        elif not any(_is_shown(name, section, values, others) for name in values):
            node = _find_node(pipeline.tree, section)
            folded[section if node else key] = _Value(_written(node), node) if node else one
    return folded


def _is_shown(name: str, section: str, values: Mapping[str, _Value], others: Mapping[str, _Value]) -> bool:
    """Return whether a value is in the section, is written, and differs from the other side's."""
    one = values[name]
    return (
        name.startswith(f"{section}.")
        and one.node is not None
        and not _same(one.value, others.get(name, _NO_VALUE).value)
    )


def _find_node(tree: Node, key: str) -> Node | None:
    node: Node | None = tree
    for name in key.split("."):
        node = node.entries.get(name) if node else None
    return node


def _same(before: Any, after: Any) -> bool:
    # 1, 1.0 and true are equal in Python, and mean different things to an estimator.
    if isinstance(before, list | dict):
        return json.dumps(before) == json.dumps(after)
    return type(before) is type(after) and before == after


def _edit(key: str, before: _Value, after: _Value, base: Pipeline, head: Pipeline) -> Edit:
    place = _changed_place(key, before, after, base, head)
    change = ValueChange(
        key=key,
        topic=_topic_of(key),
        before=_shown(before.value),
        after=_shown(after.value),
        sentence=format_change(key, before.value, after.value, origins=(before.origin, after.origin)),
        place=place,
    )
    return Edit(change, _cause(change, before, after))


def _cause(change: ValueChange, before: _Value, after: _Value) -> ValueChange:
    for name, was, variable in _changed_variables(before.node, after.node):
        key = name if name.startswith(_MATRIX) else f"vars.{name}"
        return _at(key, was, variable.value, _place(variable, "head"))
    if change.key == "tags":
        # Those of all layers add up, so that the lists differ where the edit is one.
        old, new = before.value or [], after.value or []
        went, came = [tag for tag in old if tag not in new], [tag for tag in new if tag not in old]
        return _at(change.key, went, came, change.place)
    if before.node and after.node and any(chain(_variables(before.node), _variables(after.node))):
        return _at(change.key, _written(before.node), _written(after.node), change.place)
    return change


def _at(key: str, before: Any, after: Any, place: Place | None) -> ValueChange:
    shown = _shown(before), _shown(after)
    return ValueChange(key, _topic_of(key), *shown, format_change(key, before, after), place)


def _changed_variables(before: Node | None, after: Node | None) -> Iterator[tuple[str, Any, Node]]:
    """Yield each variable of a value that is now another, with its former value."""
    known = dict(_variables(before))
    for name, node in _variables(after):
        if name in known and not _same(known[name].value, node.value):
            yield name, known[name].value, node


def _variables(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield the variables of a value, also of a list's items."""
    if node:
        yield from node.variables.items()
        for item in node.items:
            yield from _variables(item)


def _changed_place(key: str, before: _Value, after: _Value, base: Pipeline, head: Pipeline) -> Place | None:
    """Return where the edit is: of a value that is gone, where it was."""
    for _, _, variable in _changed_variables(before.node, after.node):
        return _place(variable, "head")
    if key == "tags" and {*(before.value or ())} != {*(after.value or ())}:
        return _tag_place(before, after)
    if after.node:
        return _place(after.node, "head")
    if before.node:
        return _place(before.node, "base")
    section = key.partition(".")[0]
    if node := head.tree.entries.get(section):
        return _place(node, "head")
    return _place(base.tree.entries.get(section), "base")


def _tag_place(before: _Value, after: _Value) -> Place | None:
    """Return where a tag came or went; a folder's name is written nowhere."""
    for one, other, side in ((after, before, "head"), (before, after, "base")):
        for item in one.node.items if one.node else ():
            if item.value not in (other.value or []):
                return _place(item, side)  # type: ignore[arg-type]
    return None


def _place(node: Node | None, side: Side) -> Place | None:
    if node is None:
        return None
    return Place(node.source.path, (node.key_start or node.start).line + 1, side)


def _written(node: Node) -> str:
    """Return a value as its file has it, variables and all; of several lines the first."""
    line = node.source.line(node.start.line)
    end = node.end.column if node.end.line == node.start.line else len(line)
    return blank_secrets(line[node.start.column : end], node.source.secrets)


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return hide_secrets(value) if isinstance(value, str) else value


def _topic_of(key: str) -> str:
    """Return the topic of a dotted key, such as "schedule" for "timezone"."""
    parts = key.partition("[")[0].split(".")
    return _TOPICS.get(".".join(parts[:2])) or _TOPICS.get(parts[0], _OTHERS)
