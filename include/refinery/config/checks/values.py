"""Check values for what their types do not show: forbidden templates, dates in place of text, and what cannot be stored."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from refinery.config.models.script import PLACEHOLDERS
from refinery.config.yaml.scalars import ScalarKey
from refinery.spec.json_keys import PAIRS
from refinery.wording import nearest_name, suggest_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

# Macros whose value differs from run to run.
RUN_MACROS = (
    "ds",
    "ds_nodash",
    "ts_nodash",
    "run_id",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
)
_DATE_KEYS = ("start_date", "end_date")
_DATE_RULES = ("min", "max")
_PARAMS = ("model", "params")
# A list of which each item has params of its own.
_PARTS = ("steps", "candidates")
_TEMPLATED = (
    ("source", "url"),
    ("output", "url"),
    _PARAMS,
    ("model", "args"),
    ("model", "env"),
)
_PARAM = re.compile(r"params\.(?P<name>[A-Za-z]\w*)", re.ASCII)
_ODD_PARAM = re.compile(r"params\s*(?:\.\s*|\[\s*[\"']?)(?P<name>\w*).*", re.DOTALL)
_DECLARED = "params"
_TEMPLATE = re.compile(r"\{\{(?P<macro>.*?)\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{[%#]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")

_MISPLACED = (
    "templates are allowed in source, output, a model's params, args and env, and messages; "
    "this value is read before any run"
)
_IN_PARAMS = "params are read before any run; write a plain value"
_RUN_DATE = "a default is a plain value; for the date of the run, write type: date and no default"
# PostgreSQL's text and JSON have no NUL, and half of a surrogate pair is not a character.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# What passes from the process that parses to the one that stores: 64 bits, signed or unsigned.
_SMALLEST, _GREATEST = -(2**63), 2**64 - 1

Path = tuple[str | int, ...]


class _Place(NamedTuple):
    """Where a text stands: its keys, and the params that its templates may use; None allows any name."""

    path: Path
    declared: Collection[str] | None


def explain_unstorable(value: object) -> str | None:
    """Return why Airflow's database cannot store a scalar and what to write instead; None if it can."""
    if isinstance(value, str):
        found = _UNSTORABLE.search(value)
        return _explain_character(found[0]) if found else None
    if isinstance(value, float):
        return None if math.isfinite(value) else _explain_float(value)
    if isinstance(value, int) and not _SMALLEST <= value <= _GREATEST:
        return "does not fit into 64 bits, which is the most that Airflow stores; write a smaller number, or a float such as 1e20"
    return None


def check_values(
    node: Node, problems: list[Problem], path: Path = (), *, declared: Collection[str] | None = None
) -> None:
    """Report templates and dates where they are not allowed, and values that cannot be stored.

    Args:
        node: The values.
        problems: Collects what is wrong.
        path: The keys that lead to them.
        declared: The params that templates may use. None if others may be declared elsewhere, so that any name is allowed.
    """
    value = node.value
    if reason := explain_unstorable(value):
        problems.append(node.problem("not-storable", path, reason))
        node.is_broken = True
    elif isinstance(value, str):
        if "{" in value or "}}" in value:
            found = [
                node.part_problem("template", path, why, part)
                for part, why in _refuse_templates(value, _Place(path, declared))
            ]
            node.is_broken = node.is_broken or bool(found)
            problems += found
    elif isinstance(value, dict):
        problems += _check_keys(value, path)
        for key, item in value.items():
            check_values(item, problems, (*path, key), declared=declared)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_values(item, problems, (*path, index), declared=declared)
    elif isinstance(value, dt.date) and not _takes_dates(path):
        message = f'YAML reads {value} as a date; for text, put it in quotes: "{value}"'
        problems.append(node.problem("ambiguous-value", path, message))
        node.is_broken = True


def _check_keys(entries: Mapping[str, Node], path: Path) -> Iterator[Problem]:
    for key, item in entries.items():
        if reason := explain_unstorable(key):
            yield item.key_problem("not-storable", path, f"this key {reason}")
    if _without_step(path)[:2] == _PARAMS:
        yield from _check_keys_of_params(entries, path)


def _check_keys_of_params(entries: Mapping[str, Node], path: Path) -> Iterator[Problem]:
    """Report keys in a model's params that YAML's versions, Python or JSON do not distinguish."""
    if _without_step(path) == _PARAMS:  # the names of parameters, which are text
        entries = {key: item for key, item in entries.items() if key == PAIRS}
    texts: dict[Any, str] = {}
    for key, item in entries.items():
        scalar = key.scalar if isinstance(key, ScalarKey) else str(key)
        if reason := _refuse_key(key, scalar):
            yield item.key_problem("bad-key", (*path, key), reason)
        elif scalar in texts:
            message = f"{key} and {texts[scalar]} are the same key in Python; keep one, or put both in quotes to make them text"
            yield item.key_problem("duplicate-key", (*path, key), message)
        texts.setdefault(scalar, key)


def _refuse_key(key: str, scalar: object) -> str | None:
    if isinstance(key, ScalarKey) and key.trap:
        return key.trap
    if isinstance(scalar, dt.date):
        return f'YAML reads {key} as a date; for text, put it in quotes: "{key}"'
    if isinstance(scalar, int | float) and explain_unstorable(scalar):
        return f'{key} cannot be a key; for text, put it in quotes: "{key}"'
    if key == PAIRS:
        return f'"{PAIRS}" is reserved for how Refinery stores mappings in JSON; rename this key'
    if "{{" in key or "${" in key:
        return "templates and variables have no effect in keys; write the value itself"
    return None


def find_macros(text: str) -> list[str]:
    """Return the text between the braces of each template."""
    return [match["macro"].strip() for match in _TEMPLATE.finditer(text)]


def _refuse_templates(text: str, place: _Place) -> list[tuple[str, str]]:
    """Return each forbidden part of a text, with the reason."""
    path = place.path
    if statement := _STATEMENT.search(text):
        return [
            (
                statement[0],
                f'"{statement[0]}" begins a Jinja statement or comment, which configs may not contain; use a macro such as {{{{ ds }}}}',
            )
        ]
    templates = list(_TEMPLATE.finditer(text))
    # Closing braces alone are not a template: JSON in a parameter ends with them, a URL does not.
    for brace in ("{{", "}}") if path[0] in ("source", "output") else ("{{",):
        if text.count(brace) != len(templates):
            return [(brace, '"{{" and "}}" must come in pairs')]
    if templates and not _takes_templates(path):
        return [(templates[0][0], _explain_misplaced(path))]
    reasons = ((template[0], _explain_macro(template["macro"].strip(), place)) for template in templates)
    return [(part, reason) for part, reason in reasons if reason]


def _takes_templates(path: Path) -> bool:
    if path[0] == "notify":
        return path[-1] in ("message", "subject")
    return _without_step(path)[:2] in _TEMPLATED


def _without_step(path: Path) -> Path:
    """Return the place of a step's params, or of a candidate's, as if the model were one class."""
    while path[:1] == ("model",) and path[1:2] and path[1] in _PARTS:
        path = ("model", *path[3:])
    return path


def _takes_dates(path: Path) -> bool:
    if len(path) == 1:
        return path[0] in _DATE_KEYS
    return path[0] == _DECLARED or (path[:2] == ("expect", "columns") and path[-1] in _DATE_RULES)


def _explain_misplaced(path: Path) -> str:
    if path[0] != _DECLARED:
        return _MISPLACED
    return _RUN_DATE if path[-1] == "default" else _IN_PARAMS


def _explain_macro(macro: str, place: _Place) -> str | None:
    if macro in RUN_MACROS:
        return None
    if param := _PARAM.fullmatch(macro):
        return _explain_param(param["name"], place.declared)
    return _refuse_macro(macro, place.path)


def _explain_param(name: str, declared: Collection[str] | None) -> str | None:
    if declared is None or name in declared:
        return None
    declare = f"params: {{{name}: {{type: text, default: VALUE}}}}"
    if near := nearest_name(name, declared):
        return f'"{name}" is not declared under params; did you mean {{{{ params.{near} }}}}?'
    return f'"{name}" is not declared under params; declare it, such as {declare}'


def _refuse_macro(macro: str, path: Path) -> str:
    known = list(RUN_MACROS)
    if (param := _ODD_PARAM.fullmatch(macro)) and "(" not in macro:
        return (
            f"a param is written as {{{{ params.{param['name'] or 'NAME'} }}}}, without brackets or filters"
        )
    if macro in PLACEHOLDERS and path[:2] in (("model", "args"), ("model", "env")):
        return f'paths use single braces; write "{{{macro}}}"'
    if "|" in macro:
        return f'filters ("|") are not allowed; use a plain macro, such as {{{{ {_first_name(macro)} }}}}'
    if "(" in macro:
        return "calls are not allowed in templates; use a plain macro, such as {{ ds }}"
    if "." in macro or "[" in macro:
        return f"attributes and items are not allowed in templates; choose from {', '.join(known)}"
    return f'"{macro}" is not a macro that configs may use{suggest_name(macro, known)}'


def _first_name(macro: str) -> str:
    match = _NAME.match(macro)
    return match[0] if match and match[0] in RUN_MACROS else "ds"


def _explain_character(character: str) -> str:
    return f"contains the character U+{ord(character):04X}, which Airflow's database cannot store; remove it"


def _explain_float(value: float) -> str:
    called = "is not a number (NaN)" if math.isnan(value) else "is infinite"
    return f"{called}, which Airflow's database cannot store; write a finite number, or remove the key to use its default"
