"""Find estimator classes by their dotted path, in the libraries that configs may name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import Any

from refinery.training.errors import ModelCodeError, ModelNotFoundError
from refinery.training.models.estimator_kinds import class_problem

# Importing a module runs it, so a config may name only libraries known to be harmless; add one here, with a review.
ALLOWED_LIBRARIES = ("sklearn",)
# Parameters whose values only Python code can make.
_ESTIMATORS = ("estimator", "estimators", "steps", "transformers", "transformer_list")
_CLASS_PATH = re.compile(r"[a-z]\w*(\.[a-z]\w*)*\.[A-Za-z]\w*", re.ASCII)


def find_estimator_class(path: str) -> type[Any]:
    """Return the estimator class at a dotted path such as "sklearn.linear_model.Ridge".

    Raises:
        ModelNotFoundError: The library is not allowed, or has no such module or class.
        ModelCodeError: It is not an estimator class, or does not learn a target.
    """
    library = path.partition(".")[0]
    if library not in ALLOWED_LIBRARIES or not _CLASS_PATH.fullmatch(path):
        raise ModelNotFoundError(path, "the libraries that a config may name", ALLOWED_LIBRARIES)
    module_path, _, class_name = path.rpartition(".")
    found: Any = getattr(_import_module(path, module_path), class_name, None)
    if found is None:
        raise ModelNotFoundError(path, module_path, _estimator_paths(module_path))
    if not _is_estimator_class(found):
        raise ModelCodeError(f"{path}: it is not an estimator class with a fit method.")
    if problem := class_problem(found):
        raise ModelCodeError(f"{path}: {problem}.")
    estimator_class: type[Any] = found
    return estimator_class


def estimators_problem(estimator_class: type[Any]) -> str | None:
    """Return why a config's params cannot make an instance, which needs estimator objects; None where they can."""
    parameters = inspect.signature(estimator_class).parameters.values()
    needed = [one.name for one in parameters if one.default is one.empty and one.name in _ESTIMATORS]
    if not needed:
        return None
    name = estimator_class.__name__
    what = "an estimator object" if needed[0] == "estimator" else "estimator objects"
    return (
        f'the "{needed[0]}" of {name} must be {what}, which YAML cannot hold; write a module in include/models/ whose '
        f"build_model returns {name}(...), and name that module, such as model: tuned_forest"
    )


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
