"""Imports the users' model modules from their files."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.training.containment import user_code
from include.training.errors import (
    ModelImportError,
    ModelInterfaceError,
    ModelNotFoundError,
    UserCodeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from include.training.spec import ModuleModel

BUILD_MODEL = "build_model"
TRAIN = "train"
FIT = "fit"
_FUNCTIONS = (BUILD_MODEL, FIT, TRAIN)
# Where a pickle finds a module's classes again, in a process that has the project on its path.
_PACKAGE = "include.models"
_MODULE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class UserModule:
    """A user's model module, imported.

    Attributes:
        file: Its source file.
        sha256: Hash of the very source that was run.
        module: The module.
        function_name: The one it defines: "build_model", "fit" or "train".
    """

    file: Path
    sha256: str
    module: ModuleType
    function_name: str

    @property
    def function(self) -> Callable[..., Any]:
        """The function that the module brings the model with."""
        function: Callable[..., Any] = getattr(self.module, self.function_name)
        return function


def import_model_module(model: ModuleModel, models_dir: Path) -> UserModule:
    """Run a model module's file, fresh, and find the function that it brings.

    Raises:
        ModelNotFoundError: No module of that name is there.
        ModelImportError: It has a syntax error, or lacks a package.
        ModelInterfaceError: It defines none, or more than one, of `build_model`, `fit` and `train`.
        UserCodeError: Its code raised or left the process.
    """
    file = _find_file(model.name, models_dir)
    source = file.read_bytes()
    module = _execute(f"{_PACKAGE}.{model.name}", file, source)
    defined = [name for name in _FUNCTIONS if callable(getattr(module, name, None))]
    if len(defined) != 1:
        found = f"defines {' and '.join(defined)}" if defined else "defines no function that brings a model"
        raise ModelInterfaceError(file, f"it {found}: define exactly one of {', '.join(_FUNCTIONS)}.")
    return UserModule(file, hashlib.sha256(source).hexdigest(), module, defined[0])


def _find_file(name: str, models_dir: Path) -> Path:
    models_dir = models_dir.resolve()
    if _MODULE_NAME.fullmatch(name):
        file = models_dir.joinpath(*name.split(".")).with_suffix(".py")
        if file.is_file() and not file.name.startswith("_"):
            return file
    files = (path.relative_to(models_dir).with_suffix("") for path in sorted(models_dir.rglob("[!_]*.py")))
    raise ModelNotFoundError(name, str(models_dir), [".".join(file.parts) for file in files])


class _SourceLoader(importlib.abc.SourceLoader):
    """Loads the source that was hashed: no cached bytecode, no second look at a file that may have changed."""

    def __init__(self, file: Path, source: bytes) -> None:
        self._file = file
        self._source = source

    def get_filename(self, fullname: str) -> str:
        del fullname
        return str(self._file)

    def get_data(self, path: str) -> bytes:
        if path != str(self._file):
            raise OSError(path)
        return self._source


def _execute(name: str, file: Path, source: bytes) -> ModuleType:
    spec = importlib.util.spec_from_loader(name, _SourceLoader(file, source))
    if spec is None or spec.loader is None:
        raise ModelImportError(file, 0, "Python gives it no import spec")
    module = importlib.util.module_from_spec(spec)
    # Pickling looks a model's own classes up in sys.modules.
    sys.modules[name] = module
    try:
        with user_code(file, "importing it"):
            spec.loader.exec_module(module)
    except UserCodeError as error:
        del sys.modules[name]
        raise _import_error(file, error) from error.__cause__
    return module


def _import_error(file: Path, error: UserCodeError) -> ModelImportError | UserCodeError:
    cause = error.__cause__
    if isinstance(cause, SyntaxError):
        return ModelImportError(Path(cause.filename or file), cause.lineno or 0, f"{cause.msg}.")
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        package = cause.name.split(".")[0]
        advice = f"there is no module {cause.name!r}; a package that brings {package!r} belongs into requirements.txt."
        return ModelImportError(file, error.line, advice)
    if isinstance(cause, ImportError):
        return ModelImportError(file, error.line, f"{cause}.")
    return error
