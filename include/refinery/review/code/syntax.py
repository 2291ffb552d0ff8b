"""What a module does, whatever its comments, docstrings and layout are; read and never run."""

from __future__ import annotations

import ast

_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_of(content: bytes) -> str | None:
    """Return the syntax tree of a module as text, without its docstrings; None for what cannot be parsed."""
    try:
        tree = ast.parse(content)
        for node in ast.walk(tree):
            if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
