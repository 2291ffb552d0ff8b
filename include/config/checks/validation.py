"""Validate a resolved tree against the keys' models, and tell each failure in our own words at its place."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from include.config.checks.sections import find_section, key_names
from include.config.keys.base import INCOMPLETE, REFUSED, Section
from include.config.problems import list_names, suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from include.config.problems import Problem
    from include.config.text.node import Node

S = TypeVar("S", bound=Section)
Path = tuple[str | int, ...]

_MAX_SHOWN = 60
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "schedule_kind": 'a cron expression, a preset, "every: 6h" or "assets: [...]"',
}
_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def validate(model: type[S], tree: Node, problems: list[Problem], *, partial: bool = False) -> S | None:
    """Make a model of a tree.

    Args:
        model: The keys that the tree may have.
        tree: The resolved values.
        problems: Takes what is wrong.
        partial: Whether the tree is a layer that others complete, so that nothing is missing.

    Returns:
        The model, or None where something is wrong.
    """
    try:
        return model.model_validate(tree.to_plain())
    except ValidationError as error:
        problems += _translate(model, tree, error, partial=partial)
        return None


def _translate(
    model: type[Section], tree: Node, error: ValidationError, *, partial: bool
) -> Iterator[Problem]:
    details = error.errors(include_url=False)
    mistyped = {detail["loc"][:-1] for detail in details if detail["type"] == "extra_forbidden"}
    for detail in details:
        kind = detail["type"]
        is_incomplete = kind in ("missing", INCOMPLETE)
        # Who wrote "modul" need not be told that "module" is missing.
        has_typo = is_incomplete and (detail["loc"][:-1] in mistyped or detail["loc"] in mistyped)
        if is_incomplete and (partial or (has_typo and not _is_root(detail))):
            continue
        problem = _translate_one(model, tree, detail)
        if problem:
            yield problem


def _is_root(detail: ErrorDetails) -> bool:
    return len(detail["loc"]) == 1


def _translate_one(model: type[Section], tree: Node, detail: ErrorDetails) -> Problem | None:
    kind, loc = detail["type"], detail["loc"]
    if kind == "missing":
        parent, path = _locate(tree, loc[:-1])
        return parent.key_problem("missing-key", (*path, loc[-1]), _explain_missing(model, loc))
    if kind in (REFUSED, INCOMPLETE):
        loc = (*loc, *detail["ctx"]["at"])
    node, path = _locate(tree, loc)
    if node.is_broken:
        return None
    if kind == "extra_forbidden":
        names = key_names(find_section(model, loc[:-1]))
        return node.key_problem("unknown-key", path, f"unknown key{suggest_name(str(loc[-1]), names)}")
    if loc[-1] == "[key]":
        return node.key_problem("bad-key", path, _explain(model, detail))
    code = (
        "missing-key" if kind == INCOMPLETE else "bad-value" if kind in (REFUSED, *_LIMITS) else "wrong-type"
    )
    return node.problem(code, path, _explain(model, detail))


def _locate(tree: Node, loc: Path) -> tuple[Node, Path]:
    """Follow an error's place as far as the tree goes, and return the keys on the way that stand in a file."""
    node = tree
    path: Path = ()
    for part in loc:
        if isinstance(part, str) and part in node.entries:
            node = node.entries[part]
            path = (*path, part) if node.key_start else path
        elif isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            path = (*path, part)
    return node, path


def _explain_missing(model: type[Section], loc: Path) -> str:
    section = find_section(model, loc[:-1])
    name = str(loc[-1])
    field = next(field for key, field in section.model_fields.items() if (field.alias or key) == name)
    example = (
        f', as "{name}: {field.examples[0]}"' if field.examples and isinstance(field.examples[0], str) else ""
    )
    return f"required and missing; add it{example}"


def _explain(model: type[Section], detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in (REFUSED, INCOMPLETE):
        return str(context["reason"])
    if kind == "literal_error":
        return _explain_literal(context["expected"], value)
    if kind in ("model_type", "model_attributes_type"):
        keys = list_names(key_names(find_section(model, detail["loc"])))
        return f"expected a mapping of keys ({keys}), found {_describe(value)}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_describe(value)}{_hint(kind, value)}"
    return _explain_limit(kind, value, context)


def _explain_limit(kind: str, value: Any, context: dict[str, Any]) -> str:
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return f"must be {words} {_write_limit(context[limit])}, and is {_show(value)}"
    if kind in ("string_too_short", "too_short"):
        return "must not be empty"
    if kind == "string_too_long":
        return f"must be at most {_count(context['max_length'], 'character')} long, and has {len(value)}"
    if kind == "string_pattern_mismatch":
        return f"{_show(value)} is no name; use letters, digits and _, with no digit first"
    return f"{_describe(value)} is not allowed here"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _explain_literal(expected: str, value: Any) -> str:
    names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    if isinstance(value, str):
        return f"{_show(value)} is not one of {list_names(names)}{_only_near(value, names)}"
    return f"expected one of {list_names(names)}, found {_describe(value)}"


def _only_near(value: str, names: list[str]) -> str:
    hint = suggest_name(value, names)
    return hint if "did you mean" in hint else ""


def _hint(kind: str, value: Any) -> str:
    if value is None:
        return "; write a value or remove the key"
    if kind != "string_type":
        return ""
    if isinstance(value, dt.date):
        return f'; write "{value}" in quotes for text'
    return "; write it in quotes for text" if isinstance(value, bool | int | float) else ""


def _describe(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return f"the date {value}"
    if isinstance(value, int | float):
        return f"the number {_show(value)}"
    if isinstance(value, str):
        return f"the text {_show(value)}"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def _show(value: Any) -> str:
    text = str(value)
    if len(text) > _MAX_SHOWN:
        text = f"{text[:_MAX_SHOWN]}..."
    return f'"{text}"' if isinstance(value, str) else text


def _write_limit(limit: Any) -> str:
    return "0s" if isinstance(limit, dt.timedelta) else f"{limit:,}" if isinstance(limit, int) else str(limit)
