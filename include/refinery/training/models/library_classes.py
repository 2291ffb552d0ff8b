"""Find estimator classes by their dotted path, in the libraries that configs may name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from refinery.spec.libraries import ALLOWED_LIBRARIES, BOOSTING, library_of, missing_library
from refinery.training.errors import ModelCodeError, ModelNotFoundError
from refinery.training.models.estimator_kinds import class_problem, declared_task

if TYPE_CHECKING:
    from collections.abc import Sequence

# Parameters whose values only Python code can make.
_ESTIMATORS = ("estimator", "estimators", "steps", "transformers", "transformer_list")
_CLUSTERS = ("dask", "spark")
_CLASS_PATH = re.compile(r"[a-z]\w*(\.[a-z]\w*)*\.[A-Za-z]\w*", re.ASCII)


def find_estimator_class(
    path: str, libraries: Sequence[str] = ALLOWED_LIBRARIES, task: str | None = None
) -> type[Any]:
    """Return the estimator class at a dotted path such as "sklearn.linear_model.Ridge".

    Args:
        path: The path.
        libraries: The libraries that the project allows.
        task: What it is to do without a target, "anomaly" or "clustering"; None where it learns one.

    Raises:
        ModelNotFoundError: The library is not allowed, or has no such module or class.
        ModelCodeError: The library is not installed; or it is not an estimator class, does not learn a target, or does not do
            the task.
    """
    found = _find_class(path, libraries)
    if problem := class_problem(found, task) or _boosting_problem(found):
        raise ModelCodeError(f"{path}: {problem}.")
    return found


def find_step_class(
    path: str, libraries: Sequence[str] = ALLOWED_LIBRARIES, task: str | None = None
) -> type[Any]:
    """Return the class of a step before the last one: a transformer or, where there is a target, a sampler.

    Raises:
        ModelNotFoundError, ModelCodeError: As for `find_estimator_class`; or it neither transforms nor samples rows.
    """
    found = _find_class(path, libraries)
    if task is not None and not hasattr(found, "transform"):
        raise ModelCodeError(
            f"{path}: it does not transform rows, and task: {task} has no target to sample rows by; leave the step out."
        )
    if not (hasattr(found, "transform") or hasattr(found, "fit_resample")):
        raise ModelCodeError(
            f"{path}: it neither transforms nor samples rows; only the last of the steps predicts, so put it there."
        )
    return found


def _find_class(path: str, libraries: Sequence[str]) -> type[Any]:
    library = library_of(path)
    if library not in libraries or not _CLASS_PATH.fullmatch(path):
        raise ModelNotFoundError(path, "the libraries that a config may name", libraries)
    if importlib.util.find_spec(library) is None:
        raise ModelCodeError(f"{path}: {missing_library(library)}.")
    if problem := _cluster_problem(path):
        raise ModelCodeError(f"{path}: {problem}.")
    module_path, _, class_name = path.rpartition(".")
    found: Any = getattr(_import_module(path, module_path), class_name, None)
    if found is None:
        raise ModelNotFoundError(path, module_path, _estimator_paths(module_path))
    if not _is_estimator_class(found, library):
        raise ModelCodeError(f"{path}: it is not an estimator class with a fit method.")
    estimator_class: type[Any] = found
    return estimator_class


def _cluster_problem(path: str) -> str | None:
    """Return why a boosting library's class for a cluster cannot be used: its rows are parts of a table on other machines."""
    name = path.rpartition(".")[2]
    engine = next(
        (one for one in _CLUSTERS if one in path.lower().split(".") or name.lower().startswith(one)), None
    )
    library = library_of(path)
    if engine is None or library not in BOOSTING:
        return None
    own = f"{library}.{name[len(engine) :] if name.lower().startswith(engine) else name}"
    return f"it learns from rows that lie on a {engine.capitalize()} cluster, and a config's rows are one table; write {own}"


def _boosting_problem(estimator_class: type[Any]) -> str | None:
    """Return why a boosting library's class does not learn a target: it ranks rows, or leaves open what it does."""
    if library_of(estimator_class.__module__) not in BOOSTING or declared_task(estimator_class()):
        return None
    return f"{estimator_class.__name__} is neither a regressor nor a classifier, and a config trains one of these"


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
    except ImportError as error:
        if library_of(error.name or "") != library_of(path):  # a library that this one needs is missing
            raise ModelCodeError(f"{path}: {module_path} cannot be imported: {error}.") from error
        library = importlib.import_module(path.partition(".")[0])
        modules = [module.name for module in pkgutil.iter_modules(library.__path__, f"{library.__name__}.")]
        public = [name for name in modules if not name.split(".")[-1].startswith("_")]
        raise ModelNotFoundError(module_path, library.__name__, public) from error


def _estimator_paths(module_path: str) -> list[str]:
    module = importlib.import_module(module_path)
    return [
        f"{module_path}.{name}"
        for name, value in vars(module).items()
        if _is_estimator_class(value, library_of(module_path))
    ]


def _is_estimator_class(value: object, library: str) -> bool:
    return (
        inspect.isclass(value)
        and library_of(value.__module__) == library
        # CatBoost's do not inherit from scikit-learn's base.
        and hasattr(value, "get_params")
        and (hasattr(value, "fit") or hasattr(value, "fit_resample"))
    )
