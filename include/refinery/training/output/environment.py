"""Find the versions of libraries, and compare those that a model was made with to those installed."""

from __future__ import annotations

import functools
import platform
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import ONNX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Another minor version of these may misread a model's file, or not read it at all.
_COMPARED = {
    "python": "Python",
    "sklearn": "scikit-learn",
    "numpy": "NumPy",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
}
# Distributions with another name than their package; finding others takes a while.
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "imblearn": "imbalanced-learn", "refinery": "airflow-refinery"}
_PROJECT = "include"
_UNKNOWN = "Its manifest does not say which versions of Python, scikit-learn and NumPy it was made with; they are not compared."


def installed_versions(names: Iterable[str]) -> dict[str, str | None]:
    """Return the version of each library by its import name; None where it is not installed.

    The standard library and the project's own modules are left out. Nothing is imported.
    """
    wanted = without_standard_modules(names)
    versions = {name: _version(_DISTRIBUTIONS.get(name, name)) for name in wanted}
    if elsewhere := [name for name in wanted if versions[name] is None and name not in _DISTRIBUTIONS]:
        distributions = _distributions_by_import()
        versions |= {name: _version(distributions[name][0]) for name in elsewhere if name in distributions}
    return versions


def without_standard_modules(names: Iterable[str]) -> list[str]:
    """Return the names, sorted, without the standard library's and the project's own."""
    return sorted(set(names) - sys.stdlib_module_names - {_PROJECT})


def other_versions(manifest: Mapping[str, Any]) -> str | None:
    """Return how the minor versions of Python, scikit-learn, NumPy and boosting libraries differ from those that a model was made with.

    Returns:
        A clause; None where they are the same, are not recorded, or do not matter (ONNX).
    """
    recorded = _recorded(manifest)
    if manifest.get("format") == ONNX:
        return None
    present = {"python": platform.python_version(), **installed_versions(recorded.keys() - {"python"})}
    different = [name for name in recorded if _minor(recorded[name]) != _minor(present[name] or "none")]
    if not different:
        return None
    made_with, has = (
        " and ".join(f"{_COMPARED[name]} {versions[name] or 'not installed'}" for name in different)
        for versions in (recorded, present)
    )
    return f"it was made with {made_with}, and this environment has {has}"


def unknown_versions(manifest: Mapping[str, Any]) -> str | None:
    """Return a sentence where a manifest does not record the versions that `other_versions` compares; None where it does."""
    return None if _recorded(manifest) or manifest.get("format") == ONNX else _UNKNOWN


def _recorded(manifest: Mapping[str, Any]) -> dict[str, str]:
    environment = manifest.get("environment") or {}
    versions = {**(environment.get("libraries") or {}), "python": environment.get("python")}
    return {name: versions[name] for name in _COMPARED if isinstance(versions.get(name), str)}


def _minor(text: str) -> list[str]:
    return text.split(".")[:2]


@functools.cache
def _distributions_by_import() -> Mapping[str, list[str]]:
    """Search all installed packages, which takes half a second, once for a process."""
    return packages_distributions()


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except (PackageNotFoundError, ValueError):
        return None
