"""Trains the model that a spec describes, from a dataset's file to the model's files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.training.estimator_training import train_estimator
from include.training.estimators import build_from_class, build_from_module
from include.training.library_classes import find_estimator_class
from include.training.manifest import build_manifest, find_libraries
from include.training.model_file import MODEL_FILE
from include.training.output import MANIFEST_FILE, describe_files, staged_output, write_json
from include.training.spec import ClassModel, TrainingSpec
from include.training.summary import summarize
from include.training.train_function import run_train_function
from include.training.user_code import TRAIN, UserModule, import_model_module

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training has made.

    Attributes:
        metrics: The metrics; all are finite.
        manifest: The manifest as written.
        summary: A few lines of text for people.
    """

    metrics: dict[str, float]
    manifest: dict[str, Any]
    summary: str


def train(
    spec: TrainingSpec, dataset: Path, output_dir: Path, *, provenance: Mapping[str, Any]
) -> TrainingResult:
    """Train a model and write model.pkl and manifest.json: both, whole, or neither.

    Args:
        spec: What to train, and how to judge it.
        dataset: The dataset's file.
        output_dir: The folder to write to; made if it is not there.
        provenance: What the manifest shall say about the config, the dataset's origin and the run.

    Raises:
        TrainingError: In one of its kinds: the dataset, the model's code or the fit is at fault. Never retryable.
    """
    started = time.monotonic()
    with staged_output(output_dir.absolute()) as staging:
        user_module = _import_user_module(spec)
        outcome = _make_model(spec, user_module, dataset.absolute(), staging / MODEL_FILE)
        manifest = build_manifest(
            spec,
            provenance=provenance,
            model=_describe_model(spec, user_module),
            outcome=outcome,
            files=describe_files(staging),
            libraries=find_libraries(user_module.module if user_module else None),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            duration_seconds=time.monotonic() - started,
        )
        write_json(staging / MANIFEST_FILE, manifest)
    return TrainingResult(manifest["metrics"], manifest, summarize(manifest))


def _import_user_module(spec: TrainingSpec) -> UserModule | None:
    return None if isinstance(spec.model, ClassModel) else import_model_module(spec.model, spec.models_dir)


def _make_model(
    spec: TrainingSpec, user_module: UserModule | None, dataset: Path, model_path: Path
) -> dict[str, Any]:
    if user_module is None:
        estimator_class = find_estimator_class(str(spec.model))
        return train_estimator(
            spec, build_from_class(estimator_class, spec.params, spec.random_state), dataset, model_path
        )
    if user_module.function_name == TRAIN:
        return run_train_function(user_module, spec.params, dataset, model_path)
    return train_estimator(
        spec, build_from_module(user_module, spec.params, spec.random_state), dataset, model_path
    )


def _describe_model(spec: TrainingSpec, user_module: UserModule | None) -> dict[str, Any]:
    if user_module is None:
        return {"name": str(spec.model), "kind": "class"}
    return {
        "name": str(spec.model),
        "kind": "module",
        "function": user_module.function_name,
        "module_sha256": user_module.sha256,
    }
