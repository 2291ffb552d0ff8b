"""Describe what is needed to trust a model or to make it again."""

from __future__ import annotations

import platform
from types import ModuleType
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import ONNX, SKOPS
from refinery.spec.json_keys import keep_keys
from refinery.spec.table_profile import RecordedProfile
from refinery.training.output.environment import installed_versions
from refinery.training.output.publish import json_ready
from refinery.training.user_code.model_code import find_used_libraries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.spec.training import TrainingSpec
    from refinery.training.output.result import FitResult

# Raised when a reader of older manifests would misread a new one.
MANIFEST_VERSION = 1
_ALWAYS_NAMED = ("joblib", "numpy", "pandas", "scipy", "sklearn")
_OF_FORMATS = {SKOPS: ("skops",), ONNX: ("onnx", "onnxruntime", "skl2onnx")}


def build_manifest(
    spec: TrainingSpec,
    *,
    provenance: Mapping[str, Any],
    model: Mapping[str, Any],
    outcome: FitResult,
    user_module: ModuleType | None,
    created_at: str,
    usage: Mapping[str, Any],
) -> dict[str, Any]:
    """Assemble the manifest, without its gates and files, as plain values for JSON.

    Args:
        spec: What was asked for.
        provenance: Where the config and the dataset came from, and the run; kept as it is.
        model: The model's name, and the hash of its code where that is the user's.
        outcome: What the training found; for an estimator also data, split, seeds, evaluation, baseline and spread.
        user_module: The user's imported module, where there is one: its imports are libraries of the model too.
        created_at: The moment of the training's end, in ISO 8601 with its offset.
        usage: How long the training took, with its CPU time and memory.
    """
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "created_at": created_at,
        **usage,
        "model": dict(model),
        "format": spec.model_format,
        **outcome.sections,
        **_describe_columns(outcome),
        "metrics": outcome.metrics,
        "notes": [
            *(f"{name} is left out: {reason}" for name, reason in outcome.left_out.items()),
            *outcome.notes,
        ],
        "warnings": list(outcome.warnings),
        "params": keep_keys(spec.all_params),
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


def _describe_columns(outcome: FitResult) -> dict[str, Any]:
    if outcome.profile is None:
        return {}
    data = outcome.sections["data"]
    total_rows = data["rows"] + data.get("rows_without_target", 0)
    return {"profile": RecordedProfile.of(outcome.profile, total_rows).to_dict()}


def _libraries_in_use(spec: TrainingSpec, outcome: FitResult, user_module: ModuleType | None) -> set[str]:
    names = {
        *_ALWAYS_NAMED,
        *_OF_FORMATS.get(spec.model_format, ()),
        *spec.libraries,
        *find_used_libraries(spec),
    }
    if search := outcome.sections.get("search"):
        names.update(search["libraries"])
    if preprocess := outcome.sections.get("preprocess"):
        names.add(preprocess["library"])
    for value in vars(user_module).values() if user_module else ():
        origin = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(origin, str):
            names.add(origin.split(".")[0])
    return names


def _find_versions(names: set[str]) -> dict[str, str]:
    return {name: found for name, found in installed_versions(names).items() if found is not None}
