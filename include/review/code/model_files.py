"""The files that a pipeline's model is made of: its module or script and what these import, read and never run."""

from __future__ import annotations

import ast
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
        self._imports: dict[str, frozenset[str]] = {}
        self._used: dict[str, frozenset[str]] = {}

    def main_file(self, pipeline: Pipeline) -> str | None:
        """Return the path of a pipeline's module or script; None for a library's class."""
        model = pipeline.config.model
        name = f"{model.module}.py" if model.module else model.script
        return f"{MODELS}/{name}" if name else None

    def used_by(self, main: str) -> frozenset[str]:
        """Return a file and all files of the models that it imports, over any number of steps."""
        if main not in self._used:
            found, waiting = {main}, [main]
            while waiting:
                new = set(self._files_imported_by(waiting.pop())) - found
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

    def _names(self, file: str) -> frozenset[str]:
        """Return what a file imports, by dotted names; nothing of what cannot be parsed, which is reported elsewhere."""
        if file not in self._imports:
            self._imports[file] = (
                frozenset(self._parse(file)) if file in self._snapshot.entries else frozenset()
            )
        return self._imports[file]

    def _parse(self, file: str) -> Iterator[str]:
        try:
            tree = ast.parse(self._snapshot.read([file])[file])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        package = file.removesuffix(".py").replace("/", ".").split(".")[:-1]
        for statement in ast.walk(tree):
            if isinstance(statement, ast.Import):
                yield from (alias.name for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom):
                above = package[: len(package) - statement.level + 1] if statement.level else []
                origin = ".".join((*above, *filter(None, [statement.module])))
                yield from (f"{origin}.{alias.name}" for alias in statement.names)
