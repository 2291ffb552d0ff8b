"""Finds estimator classes by their dotted path, in the libraries that configs may name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import Any

from include.training.errors import ModelInterfaceError, ModelNotFoundError

# Importing a module runs it, so a config may only name what is known to be harmless: add a library here, in a review.
ALLOWED_LIBRARIES = ("sklearn",)
_CLASS_PATH = re.compile(r"[a-z]\w*(\.[a-z]\w*)*\.[A-Za-z]\w*", re.ASCII)


def find_estimator_class(path: str) -> type[Any]:
    """Give the estimator class that a dotted path such as "sklearn.linear_model.Ridge" names.

    Raises:
        ModelNotFoundError: The library is not allowed, or has no such module or class.
        ModelInterfaceError: What is there is no estimator class.
    """
    library = path.partition(".")[0]
    if library not in ALLOWED_LIBRARIES or not _CLASS_PATH.fullmatch(path):
        raise ModelNotFoundError(path, "the libraries that a config may name", ALLOWED_LIBRARIES)
    module_path, _, class_name = path.rpartition(".")
    found: Any = getattr(_import_module(path, module_path), class_name, None)
    if found is None:
        raise ModelNotFoundError(path, module_path, _estimator_paths(module_path))
    if not _is_estimator_class(found):
        raise ModelInterfaceError(path, "it is no estimator class with a fit method.")
    estimator_class: type[Any] = found
    return estimator_class


def _import_module(path: str, module_path: str) -> Any:
    try:
        return importlib.import_module(module_path)
    except ModuleNotFoundError as error:
        library = importlib.import_module(path.partition(".")[0])
        modules = [module.name for module in pkgutil.iter_modules(library.__path__, f"{library.__name__}.")]
        public = [name for name in modules if not name.split(".")[-1].startswith("_")]
        raise ModelNotFoundError(module_path, library.__name__, public) from error


def _estimator_paths(module_path: str) -> list[str]:
    module = importlib.import_module(module_path)
    return [f"{module_path}.{name}" for name, value in vars(module).items() if _is_estimator_class(value)]


def _is_estimator_class(value: object) -> bool:
    from sklearn.base import BaseEstimator

    return (
        inspect.isclass(value)
        and issubclass(value, BaseEstimator)
        and value.__module__.split(".")[0] in ALLOWED_LIBRARIES
        and hasattr(value, "fit")
    )
