"""The files that a pipeline's model is made of: its module or script and what these import, read and never run."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from include.review.checkout import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.config import Pipeline
    from include.review.versions import Snapshot

# How a model's file may name another one: below the project, in its own folder, and beside a script.
_PACKAGE = MODELS.replace("/", ".")


class ModelFiles:
    """The Python files below include/models/ of one version, each parsed once."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Take the version; its files are read when they are first asked for."""
        self._snapshot = snapshot
        self._trees: dict[str, ast.AST | None] = {}
        self._imports: dict[str, frozenset[str]] = {}
        self._used: dict[str, frozenset[str]] = {}

    def main_file(self, pipeline: Pipeline) -> str | None:
        """Return the path of a pipeline's module or script; None for a library's class."""
        model = pipeline.config.model
        name = f"{model.module}.py" if model.module else model.script
        return f"{MODELS}/{name}" if name else None

    def used_by(self, main: str) -> frozenset[str]:
        """Return a file and all files of the models that it imports or names, over any number of steps."""
        if main not in self._used:
            found, waiting = {main}, [main]
            while waiting:
                file = waiting.pop()
                new = {*self._files_imported_by(file), *self._files_named_by(file)} - found
                found |= new
                waiting += sorted(new)
            self._used[main] = frozenset(found)
        return self._used[main]

    def imported_by(self, pipeline: Pipeline) -> frozenset[str]:
        """Return the top-level names of the libraries that a pipeline's model imports, as "sklearn"."""
        if pipeline.config.model.class_:
            return frozenset({pipeline.config.model.class_.partition(".")[0]})
        main = self.main_file(pipeline)
        files = self.used_by(main) if main else ()
        return frozenset(name.partition(".")[0] for file in files for name in self._names(file))

    def _files_imported_by(self, file: str) -> Iterator[str]:
        folder = file.rpartition("/")[0]
        for name in self._names(file):
            below = name.removeprefix(f"{_PACKAGE}.").replace(".", "/")
            roots = (MODELS,) if name.startswith(f"{_PACKAGE}.") else (folder, MODELS)
            for root in roots:
                # `from package import name` may mean a module or something in one.
                for path in (below, below.rpartition("/")[0]):
                    for candidate in (f"{root}/{path}.py", f"{root}/{path}/__init__.py"):
                        if path and candidate in self._snapshot.entries:
                            yield candidate

    def _files_named_by(self, file: str) -> Iterator[str]:
        """Give the files that stand in a text of a file, as data that a module reads from beside itself."""
        roots = (file.rpartition("/")[0], MODELS, "")
        for node in ast.walk(self._tree(file) or ast.Module([], [])):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                candidates = (posixpath.normpath(posixpath.join(root, node.value)) for root in roots)
                yield from (path for path in candidates if path in self._snapshot.entries)

    def _names(self, file: str) -> frozenset[str]:
        """Return what a file imports, by dotted names."""
        if file not in self._imports:
            self._imports[file] = frozenset(self._find_imports(file))
        return self._imports[file]

    def _tree(self, file: str) -> ast.AST | None:
        """Parse a file; None of what cannot be parsed, which is reported elsewhere."""
        if file not in self._trees:
            try:
                is_code = file.endswith(".py") and file in self._snapshot.entries
                text = self._snapshot.read([file])[file] if is_code else b""
                self._trees[file] = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[file] = None
        return self._trees[file]

    def _find_imports(self, file: str) -> Iterator[str]:
        package = file.removesuffix(".py").replace("/", ".").split(".")[:-1]
        for statement in ast.walk(self._tree(file) or ast.Module([], [])):
            if isinstance(statement, ast.Import):
                yield from (alias.name for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom):
                above = package[: len(package) - statement.level + 1] if statement.level else []
                origin = ".".join((*above, *filter(None, [statement.module])))
                yield from (f"{origin}.{alias.name}" for alias in statement.names)
