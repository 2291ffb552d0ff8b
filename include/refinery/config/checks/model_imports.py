"""Find imports at the top of a model's file that cannot work, by parsing it: nothing is imported."""

from __future__ import annotations

import ast
import os
import re
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Modules of Airflow 1 and 2 that Airflow 3 does not have.
_OLD_AIRFLOW = re.compile(
    r"airflow\.(?:contrib(?:\..*)?|operators\.\w+_operator|hooks\.\w+_hook|sensors\.\w+_sensor|utils\.dates)"
)
_NO_AIRFLOW = (
    "a model does not need Airflow, since the DAG is made from the config: keep the function that trains and "
    "remove the DAG and its imports"
)


def explain_wrong_import(tree: ast.Module, file: Path, models_dir: Path, *, is_script: bool) -> str | None:
    """Return which import fails, with its line, and what to write instead; None if none is known to fail.

    Args:
        tree: The parsed file.
        file: The file.
        models_dir: The folder of the models.
        is_script: Whether the file runs as a script, which imports its neighbors by their bare names.
    """
    for statement, name in _imports(tree):
        if _OLD_AIRFLOW.fullmatch(name):
            return (
                f'imports "{name}" on line {statement.lineno}, which Airflow 3 does not have; {_NO_AIRFLOW}'
            )
        if not is_script and (found := _find_neighbor(name, file, models_dir)):
            written = _rewrite(statement, name, found)
            return (
                f'imports "{name}" on line {statement.lineno}, which is in the models folder and cannot be imported by that '
                f'name; write "{written}"'
            )
    return None


def _imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            yield from ((statement, alias.name) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
            yield statement, statement.module


def _find_neighbor(name: str, file: Path, models_dir: Path) -> str | None:
    """Return the name under which a file of the models folder is imported; None if the given name works."""
    top = name.partition(".")[0]
    folders = [
        folder
        for folder in dict.fromkeys((file.parent, models_dir))
        if os.path.isfile(folder / f"{top}.py") or os.path.isdir(folder / top)  # noqa: PTH112, PTH113 - as of a name too long
    ]
    if not folders or top in sys.stdlib_module_names or _is_installed(top):
        return None
    package = (models_dir.parent.name, models_dir.name, *folders[0].relative_to(models_dir).parts)
    return ".".join((*package, name))


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _rewrite(statement: ast.Import | ast.ImportFrom, name: str, found: str) -> str:
    if isinstance(statement, ast.ImportFrom):
        names = ", ".join(
            f"{one.name} as {one.asname}" if one.asname else one.name for one in statement.names
        )
        return f"from {found} import {names}"
    alias = next(one for one in statement.names if one.name == name)
    return f"import {found} as {alias.asname or name.replace('.', '_')}"
