"""Check the written values for what no type can tell: templates that may not run, and dates where text is meant."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from include.config.keys.script import PLACEHOLDERS
from include.config.problems import suggest_name

if TYPE_CHECKING:
    from include.config.problems import Problem
    from include.config.text.node import Node

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
_TEMPLATED = (
    ("source", "url"),
    ("output", "url"),
    ("model", "params"),
    ("model", "args"),
    ("model", "env"),
)
_PARAM = re.compile(r"params\.[A-Za-z_][A-Za-z0-9_]*")
_TEMPLATE = re.compile(r"\{\{(?P<macro>.*?)\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{[%#]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")

_MISPLACED = (
    "templates are for source, output, the params, args and env of a model, and messages; "
    "this value is read before any run"
)

Path = tuple[str | int, ...]


def check_values(node: Node, problems: list[Problem], path: Path = ()) -> None:
    """Report templates and dates that are not allowed where they stand."""
    value = node.value
    if isinstance(value, str):
        if "{" in value or "}}" in value:
            found = [
                node.part_problem("template", path, why, part) for part, why in _refuse_templates(value, path)
            ]
            node.is_broken = node.is_broken or bool(found)
            problems += found
    elif isinstance(value, dict):
        for key, item in value.items():
            check_values(item, problems, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_values(item, problems, (*path, index))
    elif isinstance(value, dt.date) and not _takes_dates(path):
        message = f'YAML reads {value} as a date; write "{value}" in quotes for text'
        problems.append(node.problem("ambiguous-value", path, message))
        node.is_broken = True


def find_macros(text: str) -> list[str]:
    """Return what stands between the braces of each template."""
    return [match["macro"].strip() for match in _TEMPLATE.finditer(text)]


def _refuse_templates(text: str, path: Path) -> list[tuple[str, str]]:
    """Return each part of a text that may not be, with the reason."""
    if statement := _STATEMENT.search(text):
        return [
            (
                statement[0],
                f'"{statement[0]}" begins a statement or comment of Jinja, which configs may not have',
            )
        ]
    templates = list(_TEMPLATE.finditer(text))
    # Closing braces alone are no template: JSON in a parameter ends with them, a URL does not.
    for brace in ("{{", "}}") if path[0] in ("source", "output") else ("{{",):
        if text.count(brace) != len(templates):
            return [(brace, 'a "{{" and its "}}" must stand in pairs')]
    if templates and not _takes_templates(path):
        return [(templates[0][0], _MISPLACED)]
    reasons = ((template[0], _explain_macro(template["macro"].strip(), path)) for template in templates)
    return [(part, reason) for part, reason in reasons if reason]


def _takes_templates(path: Path) -> bool:
    if path[0] == "notify":
        return path[-1] in ("message", "subject")
    return path[:2] in _TEMPLATED


def _takes_dates(path: Path) -> bool:
    if len(path) == 1:
        return path[0] in _DATE_KEYS
    return path[:2] == ("expect", "columns") and path[-1] in _DATE_RULES


def _explain_macro(macro: str, path: Path) -> str | None:
    if macro in RUN_MACROS or _PARAM.fullmatch(macro):
        return None
    known = [*RUN_MACROS, "params.NAME"]
    if macro in PLACEHOLDERS and path[:2] in (("model", "args"), ("model", "env")):
        return f'a path stands in single braces; write "{{{macro}}}"'
    if "|" in macro:
        return f'a template may not filter ("|"); use a macro alone, as {{{{ {_first_name(macro)} }}}}'
    if "(" in macro:
        return "a template may not call anything; use a macro alone, as {{ ds }}"
    if "." in macro or "[" in macro:
        return f"a template may not look inside a value; choose from {', '.join(known)}"
    return f'"{macro}" is no macro that configs may use{suggest_name(macro, known)}'


def _first_name(macro: str) -> str:
    match = _NAME.match(macro)
    return match[0] if match and match[0] in RUN_MACROS else "ds"
