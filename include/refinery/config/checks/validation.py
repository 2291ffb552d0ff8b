"""Validate a resolved tree against the keys' models, and report each failure in our own words at its place."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from refinery.config.checks.foreign_keys import DAG_FACTORY, counterpart, is_dag_factory
from refinery.config.checks.sections import find_section, key_names
from refinery.config.models.base import EXPECTED, INCOMPLETE, REFUSED, Section
from refinery.config.problems import MISSING_KEY
from refinery.config.yaml.node import join_key
from refinery.wording import list_names, nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

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
    """Return a tree as a model.

    Args:
        model: The keys that the tree may have.
        tree: The resolved values.
        problems: Collects what is wrong.
        partial: Whether the tree is a layer that others complete, so that no key is missing.

    Returns:
        The model, or None if something is wrong.
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
    if not partial and is_dag_factory(tree):
        yield tree.source.file_problem("dag-factory", DAG_FACTORY)
        return
    meant = {
        place
        for detail in details
        if detail["type"] == "extra_forbidden"
        for place in _meant(model, detail["loc"])
    }
    missing: dict[Path, list[str]] = defaultdict(list)
    for detail in details:
        loc = detail["loc"]
        if detail["type"] == "missing":
            if not partial and loc not in meant:
                missing[loc[:-1]].append(str(loc[-1]))
        elif detail["type"] != INCOMPLETE or not partial:
            yield from _translate_one(model, tree, detail)
    for loc, names in missing.items():
        yield _missing_problem(model, tree, loc, names)


def _meant(model: type[Section], loc: Path) -> list[Path]:
    """Return the key that an unknown one stands for: with "modul" reported, a missing "module" need not be."""
    near = nearest_name(str(loc[-1]), key_names(find_section(model, loc[:-1])))
    return [(*loc[:-1], near)] if near else []


def _translate_one(model: type[Section], tree: Node, detail: ErrorDetails) -> Iterator[Problem]:
    kind, loc = detail["type"], detail["loc"]
    if kind in (REFUSED, INCOMPLETE):
        loc = (*loc, *detail["ctx"]["at"])
    node, path = _locate(tree, loc)
    # Pydantic counts only the items that are right.
    if node.is_broken or (kind == "too_short" and node.items):
        return
    if kind == "extra_forbidden":
        yield node.key_problem("unknown-key", path, f"unknown key{_advise(model, loc)}")
    elif kind == INCOMPLETE:
        yield node.key_problem(MISSING_KEY, path, detail["ctx"]["reason"])
    elif loc and loc[-1] == "[key]":
        yield node.key_problem("bad-key", path, _explain(model, detail))
    else:
        code = "bad-value" if kind in (REFUSED, "literal_error", *_LIMITS) else "wrong-type"
        yield node.problem(code, path, _explain(model, detail))


def _advise(model: type[Section], loc: Path) -> str:
    """Return what an unknown key stands for, as the end of a sentence."""
    if instead := counterpart(str(loc[-1])):
        return f"; {instead}"
    return suggest_name(str(loc[-1]), key_names(find_section(model, loc[:-1])))


def _missing_problem(model: type[Section], tree: Node, loc: Path, names: list[str]) -> Problem:
    parent, path = _locate(tree, loc)
    if len(names) > 1:
        message = f"required keys are missing: {', '.join(names[:-1])} and {names[-1]}"
    else:
        path = (*path, names[0])
        message = f"required key is missing; add it{_example(model, loc, names[0])}"
    if parent is tree:
        return tree.source.file_problem(MISSING_KEY, message, key=join_key(path))
    return parent.key_problem(MISSING_KEY, path, message)


def _example(model: type[Section], loc: Path, name: str) -> str:
    section = find_section(model, loc)
    field = next(field for key, field in section.model_fields.items() if (field.alias or key) == name)
    if not field.examples or not isinstance(field.examples[0], str):
        return ""
    example = field.examples[0]
    return f", such as {name}: {example}" if example[0].isalnum() else f', such as {name}: "{example}"'


def _locate(tree: Node, loc: Path) -> tuple[Node, Path]:
    """Follow an error's place as far as the tree goes, and return the keys on the way that are written in a file."""
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


def _explain(model: type[Section], detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == REFUSED:
        return str(context["reason"])
    if kind == EXPECTED:
        return f"expected {context['reason']}; found {_describe(value)}"
    if kind == "literal_error":
        return _explain_literal(context["expected"], value)
    if kind in ("model_type", "model_attributes_type"):
        keys = list_names(key_names(find_section(model, detail["loc"])))
        return f"expected a mapping of keys ({keys}); found {_describe(value)}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}; found {_describe(value)}{_hint(kind, value)}"
    return _explain_limit(kind, value, context)


def _explain_limit(kind: str, value: Any, context: dict[str, Any]) -> str:
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return f"must be {words} {_write_limit(context[limit])}, but is {_show(value)}"
    if kind in ("string_too_short", "too_short"):
        return "must not be empty"
    if kind == "string_too_long":
        return f"must be at most {_count(context['max_length'], 'character')} long, but has {len(value)}"
    if kind == "string_pattern_mismatch":
        return f"{_show(value)} is not a valid name; use letters, digits and _, and do not begin with a digit"
    return f"{_describe(value)} is not allowed here"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _explain_literal(expected: str, value: Any) -> str:
    names = [name.strip("'") for name in expected.replace(" or ", ", ").split(", ")]
    if not isinstance(value, str):
        return f"expected one of {list_names(names)}; found {_describe(value)}"
    near = nearest_name(value, names)
    return f"{_show(value)} is not one of {list_names(names)}" + (f'; did you mean "{near}"?' if near else "")


def _hint(kind: str, value: Any) -> str:
    if value is None:
        return " (write a value or remove the key)"
    if kind != "string_type":
        return ""
    if isinstance(value, dt.date):
        return f' (for text, put it in quotes: "{value}")'
    return " (for text, put it in quotes)" if isinstance(value, bool | int | float) else ""


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
    return f"{limit:,g}" if isinstance(limit, float) else f"{limit:,}"
