"""Derive a DAG id from a config's path, and the path from the id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".yml", ".yaml")
DEFAULTS = "defaults"
ENVIRONMENTS = "environments"
MATRIX_SEPARATOR = "__"
# Airflow's own limits.
MAX_DAG_ID_LENGTH = 250
MAX_TAG_LENGTH = 100
# Airflow's filter finds all pipelines by this tag.
TAG = "refinery"

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.-]+")


def check_name(name: str) -> str | None:
    """Return why a file's or folder's name, without suffix, cannot be part of a DAG id; None if it can."""
    if name.startswith("."):
        return "is a hidden file; rename it without the leading dot, or move it out of configs/"
    if "." in name:
        return f'has a dot in "{name}"; dots separate folders in a DAG id, so use "_" or "-"'
    if MATRIX_SEPARATOR in name:
        return f'has "{MATRIX_SEPARATOR}" in "{name}", which separates the values of a matrix in a DAG id; use a single "_"'
    if not _NAME.fullmatch(name):
        return f'"{name}" cannot be part of a DAG id; use letters a-z, digits, "-" and "_"'
    return None


def join_dag_id(parts: Iterable[str], matrix_values: Iterable[object] = ()) -> str:
    """Return the DAG id of a config's path and the values of its matrix."""
    values = (_NOT_IN_IDS.sub("-", _write(value)).strip("-") for value in matrix_values)
    return MATRIX_SEPARATOR.join([".".join(parts), *values])


def split_dag_id(dag_id: str) -> tuple[str, ...] | None:
    """Return the path below configs/, without suffix, of the config of a DAG id; None if the id is not valid."""
    parts = tuple(dag_id.partition(MATRIX_SEPARATOR)[0].split("."))
    return None if any(check_name(part) for part in parts) else parts


def _write(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
