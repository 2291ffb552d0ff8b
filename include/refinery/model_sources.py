"""Find the files and libraries that a model's file uses, by parsing it and never by running it."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

MODELS = "include/models"
# The package of the models folder, as imports name it.
_PACKAGE = MODELS.replace("/", ".")


class ModelSources:
    """The files below include/models/, each parsed once and named by its path in the project, with slashes.

    Args:
        files: The existing paths.
        read: Returns the content of one of them.
    """

    def __init__(self, files: Container[str], read: Callable[[str], bytes]) -> None:
        self._files = files
        self._read = read
        self._trees: dict[str, ast.AST] = {}
        self._used: dict[str, frozenset[str]] = {}

    def files_used_by(self, main: str) -> frozenset[str]:
        """Return a file and all model files that it imports, or names in a text, directly or indirectly."""
        if main not in self._used:
            found, waiting = {main}, [main]
            while waiting:
                file = waiting.pop()
                new = {*self._files_imported_by(file), *self._files_named_by(file)} - found
                found |= new
                waiting += sorted(new)
            self._used[main] = frozenset(found)
        return self._used[main]

    def libraries_used_by(self, main: str) -> frozenset[str]:
        """Return the top-level names, such as "sklearn", that a file and the files that it uses import."""
        return frozenset(name.partition(".")[0] for name in self.names_imported_by(main))

    def names_imported_by(self, main: str) -> frozenset[str]:
        """Return the dotted names, such as "sklearn.linear_model.Ridge", that a file and the files that it uses import."""
        return frozenset(name for file in self.files_used_by(main) for name in self._names(file))

    def _files_imported_by(self, file: str) -> Iterator[str]:
        folder = file.rpartition("/")[0]
        for name in self._names(file):
            roots = (MODELS,) if name.startswith(f"{_PACKAGE}.") else (folder, MODELS)
            # `from package import name` may import a module or something in one; a package's own file runs before both.
            path = name.removeprefix(f"{_PACKAGE}.").replace(".", "/")
            while path:
                for root in roots:
                    yield from self._among_models(f"{root}/{path}.py", f"{root}/{path}/__init__.py")
                path = path.rpartition("/")[0]

    def _files_named_by(self, file: str) -> Iterator[str]:
        """Yield the files that a text in a file names, such as data that a module reads from its folder."""
        roots = (file.rpartition("/")[0], MODELS, "")
        for node in ast.walk(self._tree(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                paths = (posixpath.normpath(posixpath.join(root, node.value)) for root in roots)
                yield from self._among_models(*paths)

    def _among_models(self, *paths: str) -> Iterator[str]:
        return (path for path in paths if path.startswith(f"{MODELS}/") and path in self._files)

    def _names(self, file: str) -> Iterator[str]:
        """Yield the dotted names that a file imports."""
        package = file.removesuffix(".py").replace("/", ".").split(".")[:-1]
        for statement in ast.walk(self._tree(file)):
            if isinstance(statement, ast.Import):
                yield from (alias.name for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom):
                above = package[: len(package) - statement.level + 1] if statement.level else []
                origin = ".".join((*above, *filter(None, [statement.module])))
                yield from (f"{origin}.{alias.name}" for alias in statement.names)

    def _tree(self, file: str) -> ast.AST:
        """Return a parsed file, or an empty tree for data and for invalid code, which is reported elsewhere."""
        if file not in self._trees:
            is_code = file.endswith(".py") and file in self._files
            try:
                self._trees[file] = ast.parse(self._read(file) if is_code else b"")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[file] = ast.Module([], [])
        return self._trees[file]
