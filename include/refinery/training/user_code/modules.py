"""Import the users' model modules from their files."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.training.errors import ModelCodeError, ModelNotFoundError, UserCodeError
from refinery.training.user_code.isolation import line_in, user_code
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from refinery.spec.training import ModuleModel

BUILD_MODEL = "build_model"
TRAIN = "train"
FIT = "fit"
_FUNCTIONS = (BUILD_MODEL, FIT, TRAIN)
# The package under which a pickle finds a module's classes.
_PACKAGE = "include.models"
_MODELS = "models"
# Advice for code that was written as a DAG.
NO_AIRFLOW = (
    "a model needs nothing of Airflow, and the DAG is made from the config: keep the function that trains, and "
    "remove the DAG with its imports"
)
_MODULE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class UserModule:
    """A user's model module, imported.

    Attributes:
        file: Its source file.
        sha256: Hash of the source that was run.
        module: The module.
        function_name: The one it defines: "build_model", "fit" or "train".
    """

    file: Path
    sha256: str
    module: ModuleType
    function_name: str

    @property
    def function(self) -> Callable[..., Any]:
        """The function that makes the model."""
        function: Callable[..., Any] = getattr(self.module, self.function_name)
        return function


def import_model_module(model: ModuleModel, models_dir: Path) -> UserModule:
    """Run a model module's file afresh, and find the function that it defines.

    Raises:
        ModelNotFoundError: No module has that name.
        ModelCodeError: It has a syntax error, or lacks a package, or it defines none, or more than one, of `build_model`,
            `fit` and `train`.
        UserCodeError: Its code raised or left the process.
    """
    file = _find_file(model.name, models_dir)
    source = file.read_bytes()
    module = _execute(f"{_PACKAGE}.{model.name}", file, source)
    defined = [name for name in _FUNCTIONS if callable(getattr(module, name, None))]
    if len(defined) != 1:
        found = f"defines {' and '.join(defined)}" if defined else "defines no function that brings a model"
        raise ModelCodeError(f"{file}: it {found}: define exactly one of {', '.join(_FUNCTIONS)}.")
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
    """A loader of the source that was hashed: no cached bytecode, no second read of a file that may have changed."""

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
        raise _cannot_import(file, 0, "Python gives it no import spec")
    module = importlib.util.module_from_spec(spec)
    # Pickling looks up a model's classes in sys.modules.
    sys.modules[name] = module
    try:
        with user_code(file, "importing it"):
            spec.loader.exec_module(module)
    except UserCodeError as error:
        del sys.modules[name]
        raise _import_error(file, error) from error.__cause__
    return module


def _missing_module(name: str, file: Path) -> str:
    """Return what to do about a missing module: import it from where it is, or install its package."""
    package = name.split(".", maxsplit=1)[0]
    models_dir = next((parent for parent in file.parents if parent.name == _MODELS), file.parent)
    here = [folder for folder in dict.fromkeys((file.parent, models_dir)) if _holds(folder, package)]
    if not here:
        return f"there is no module {quoted(name)}; add the package that provides {quoted(package)} to requirements.txt."
    parts = (*here[0].relative_to(models_dir).parts, *name.split("."))
    found = ".".join((_PACKAGE, *parts))
    return (
        f"there is no top-level module {quoted(name)}, but {package}.py is in the models folder: "
        f"import it as {quoted(found)} (from {found} import ...)."
    )


def _holds(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def _import_error(file: Path, error: UserCodeError) -> ModelCodeError:
    cause = error.__cause__
    line = line_in(file, cause) if cause else 0
    if isinstance(cause, SyntaxError):
        return _cannot_import(Path(cause.filename or file), cause.lineno or 0, f"{cause.msg}.")
    if isinstance(cause, ImportError) and (cause.name or "").partition(".")[0] == "airflow":
        return _cannot_import(file, line, f"{cause}; {NO_AIRFLOW}.")
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        return _cannot_import(file, line, _missing_module(cause.name, file))
    if isinstance(cause, ImportError):
        return _cannot_import(file, line, f"{cause}.")
    return error


def _cannot_import(file: Path, line: int, reason: str) -> ModelCodeError:
    place = f"{file}:{line}" if line else str(file)
    return ModelCodeError(f"{place}: the module cannot be imported: {reason}")
