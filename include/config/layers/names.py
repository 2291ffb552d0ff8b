"""How a config's path and a DAG's id follow from each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".yml", ".yaml")
DEFAULTS = "defaults"
ENVIRONMENTS = "environments"
MATRIX_SEPARATOR = "__"
# Airflow's own limit.
MAX_DAG_ID_LENGTH = 250

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.-]+")


def check_name(name: str) -> str | None:
    """Say why a file's or folder's name, without suffix, cannot be a part of a DAG's id; None if it can."""
    if name.startswith("."):
        return "is a hidden file; rename it without the leading dot, or move it out of configs/"
    if "." in name:
        return f'has a dot in "{name}"; dots stand for folders in a DAG\'s id, so use "_" or "-"'
    if MATRIX_SEPARATOR in name:
        return f'has "{MATRIX_SEPARATOR}" in "{name}", which separates a matrix\'s values in a DAG\'s id; use one "_"'
    if not _NAME.fullmatch(name):
        return f'"{name}" cannot be a part of a DAG\'s id; use letters a-z, digits, "-" and "_"'
    return None


def join_dag_id(parts: Iterable[str], matrix_values: Iterable[object] = ()) -> str:
    """Write the id of the DAG that a config at a path makes for some values of its matrix."""
    values = (_NOT_IN_IDS.sub("-", _write(value)).strip("-") for value in matrix_values)
    return MATRIX_SEPARATOR.join([".".join(parts), *values])


def split_dag_id(dag_id: str) -> tuple[str, ...] | None:
    """Return the path below configs/, without suffix, of the config that makes a DAG; None for what is no such id."""
    parts = tuple(dag_id.partition(MATRIX_SEPARATOR)[0].split("."))
    return None if any(check_name(part) for part in parts) else parts


def _write(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
