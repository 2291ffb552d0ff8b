"""docs/faults.md tells of tests that there are."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)((?:::\w+)+)`")


def test_every_test_that_is_named_exists(project):
    page = (project / "docs" / "faults.md").read_text()
    named = [path + name for path, name in _NAMED_TEST.findall(page)]
    there = {name for path in {name.partition("::")[0] for name in named} for name in named_in(project, path)}
    assert page.count("`tests/") == len(named)
    assert [name for name in named if name not in there] == []


def test_every_row_names_a_test(project):
    lines = (project / "docs" / "faults.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| fault |")]
    assert rows
    assert [row for row in rows if not _NAMED_TEST.search(row)] == []


def named_in(project: Path, path: str) -> Iterator[str]:
    """Name a file's tests as pytest does: those of the file and those of its classes."""
    tree = ast.parse((project / path).read_text())
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (f"{path}::{node.name}::{name}" for name in functions(node))
    yield from (f"{path}::{name}" for name in functions(tree))


def functions(node: ast.Module | ast.ClassDef) -> list[str]:
    return [inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)]
