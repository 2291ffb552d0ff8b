"""Says of a model what is needed to trust it or to make it again."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import packages_distributions, version
from types import ModuleType
from typing import TYPE_CHECKING, Any

from include.artifacts import ONNX, SKOPS
from include.training.model_code import find_used_libraries
from include.training.output import json_ready

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.training.outcome import Outcome
    from include.training.spec import TrainingSpec

# Raised when a reader of older manifests would misread a new one.
MANIFEST_VERSION = 1
_ALWAYS_NAMED = ("joblib", "numpy", "pandas", "scipy", "sklearn")
_PROJECT = "include"
_OF_FORMATS = {SKOPS: ("skops",), ONNX: ("onnx", "onnxruntime", "skl2onnx")}


def build_manifest(
    spec: TrainingSpec,
    *,
    provenance: Mapping[str, Any],
    model: Mapping[str, Any],
    outcome: Outcome,
    user_module: ModuleType | None,
    created_at: str,
    duration_seconds: float,
) -> dict[str, Any]:
    """Assemble the manifest but for its gates and files, as plain values that JSON can say.

    Args:
        spec: What was asked for.
        provenance: Where the config and the dataset came from and which run it was; kept as it is.
        model: The model's name, and the hash of its code where that is the user's.
        outcome: What the training found: of an estimator also data, split, seeds, evaluation, baseline and spread.
        user_module: The imported module of the user's, where there is one: what it imports makes the model too.
        created_at: The moment of the training's end, in ISO 8601 with its offset.
        duration_seconds: How long the training took.
    """
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "created_at": created_at,
        "duration_seconds": round(duration_seconds, 3),
        "model": dict(model),
        "format": spec.model_format,
        **outcome.sections,
        "metrics": outcome.metrics,
        "notes": [
            *(f"{name} is left out: {reason}" for name, reason in outcome.left_out.items()),
            *outcome.notes,
        ],
        "warnings": list(outcome.warnings),
        "params": dict(spec.params),
        "source": spec.source.to_dict(),
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "libraries": _find_versions(_libraries_in_use(spec, outcome, user_module)),
        },
        "provenance": dict(provenance),
    }
    ready: dict[str, Any] = json_ready(manifest)
    return ready


def _libraries_in_use(spec: TrainingSpec, outcome: Outcome, user_module: ModuleType | None) -> set[str]:
    names = {*_ALWAYS_NAMED, *_OF_FORMATS.get(spec.model_format, ()), *find_used_libraries(spec)}
    if preprocess := outcome.sections.get("preprocess"):
        names.add(preprocess["library"])
    for value in vars(user_module).values() if user_module else ():
        origin = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        names.add(str(origin).split(".")[0])
    return names


def _find_versions(names: set[str]) -> dict[str, str]:
    imported = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    versions = {name: found for name, found in imported.items() if isinstance(found, str)}
    # A script imports its libraries in a process of its own, and some do not tell their version.
    elsewhere = names - versions.keys() - sys.stdlib_module_names - {_PROJECT}
    distributions = packages_distributions() if elsewhere else {}
    versions |= {name: version(distributions[name][0]) for name in elsewhere & distributions.keys()}
    return dict(sorted(versions.items()))
