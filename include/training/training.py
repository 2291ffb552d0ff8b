"""Trains the model that a spec describes, from a dataset's file to the model's files."""

from __future__ import annotations

import inspect
import math
import numbers
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.training.columns import Roles, check_target, choose_roles
from include.training.containment import user_code
from include.training.datasets import read_dataset
from include.training.errors import MetricsError, ModelInterfaceError, NoModelFileError
from include.training.estimators import BuiltEstimator, build_from_class, build_from_module, check_params
from include.training.fitting import Split, fit_and_evaluate, split_rows
from include.training.library_classes import find_estimator_class
from include.training.manifest import build_manifest, find_libraries
from include.training.model_file import MODEL_FILE, write_model
from include.training.output import MANIFEST_FILE, describe_files, staged_output, write_json
from include.training.spec import ClassModel, TrainingSpec
from include.training.summary import summarize
from include.training.user_code import TRAIN, UserModule, import_model_module

if TYPE_CHECKING:
    from pathlib import Path

# A train function fills in these two itself.
_PATH_ARGUMENTS = 2


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
        user_module = (
            None if isinstance(spec.model, ClassModel) else import_model_module(spec.model, spec.models_dir)
        )
        if user_module is not None and user_module.function_name == TRAIN:
            sections = _run_train_function(spec, user_module, dataset.absolute(), staging / MODEL_FILE)
        else:
            sections = _train_estimator(spec, _build(spec, user_module), dataset, staging / MODEL_FILE)
        manifest = build_manifest(
            spec,
            provenance=provenance,
            sections={"model": _describe_model(spec, user_module), **sections},
            files=describe_files(staging),
            libraries=find_libraries(user_module.module if user_module else None),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            duration_seconds=time.monotonic() - started,
        )
        write_json(staging / MANIFEST_FILE, manifest)
    return TrainingResult(manifest["metrics"], manifest, summarize(manifest))


def _build(spec: TrainingSpec, user_module: UserModule | None) -> BuiltEstimator:
    if user_module is not None:
        return build_from_module(user_module, spec.params, spec.random_state)
    return build_from_class(find_estimator_class(str(spec.model)), spec.params, spec.random_state)


def _train_estimator(
    spec: TrainingSpec, built: BuiltEstimator, dataset: Path, model_path: Path
) -> dict[str, Any]:
    split, data = _read_split(spec, dataset)
    evaluation = fit_and_evaluate(built, split)
    write_model(built.estimator, model_path)
    return {
        "data": data,
        "split": {
            "test_size": spec.test_size,
            "random_state": spec.random_state,
            "train_rows": len(split.train_target),
            "test_rows": len(split.test_target),
        },
        "seeds": {"random_state": spec.random_state, "set_on_estimator": list(built.seeded)},
        "evaluation": {"task": evaluation.task, "definitions": evaluation.definitions},
        "metrics": evaluation.metrics,
        "notes": list(evaluation.notes),
    }


def _read_split(spec: TrainingSpec, dataset: Path) -> tuple[Split, dict[str, Any]]:
    # The whole table is let go when this returns: only its two parts stay in memory.
    table = read_dataset(dataset, spec.source)
    roles = choose_roles(list(table.columns), spec)
    check_target(table[roles.target])
    split = split_rows(table[list(roles.features)], table[roles.target], spec.test_size, spec.random_state)
    return split, _describe_data(table, roles)


def _describe_data(table: Any, roles: Roles) -> dict[str, Any]:
    dtypes = table.dtypes
    return {
        "rows": len(table),
        "columns": len(table.columns),
        "target": {"name": roles.target, "dtype": str(dtypes[roles.target])},
        "features": [{"name": name, "dtype": str(dtypes[name])} for name in roles.features],
    }


def _describe_model(spec: TrainingSpec, user_module: UserModule | None) -> dict[str, Any]:
    if user_module is None:
        return {"name": str(spec.model), "kind": "class"}
    return {
        "name": str(spec.model),
        "kind": "module",
        "function": user_module.function_name,
        "module_sha256": user_module.sha256,
    }


def _run_train_function(
    spec: TrainingSpec, module: UserModule, dataset: Path, model_path: Path
) -> dict[str, Any]:
    try:
        inspect.signature(module.function).bind_partial(dataset, model_path)
    except TypeError as error:
        advice = "train must take the dataset's path and the model's path as its first two arguments."
        raise ModelInterfaceError(module.file, advice) from error
    check_params(TRAIN, module.function, spec.params, given_by_position=_PATH_ARGUMENTS)
    with user_code(module.file, TRAIN):
        # As text: a script may join or open its paths in any way that it likes.
        returned = module.function(str(dataset), str(model_path), **spec.params)
    _check_model_file(module.file, model_path)
    metrics = _check_metrics(module.file, returned)
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    notes = [f"{name} is left out: it is {metrics[name]}" for name in metrics if name not in finite]
    return {"metrics": finite, "notes": notes}


def _check_model_file(file: Path, model_path: Path) -> None:
    if model_path.is_dir():
        raise NoModelFileError(file, "made a folder where the model's file belongs")
    if not model_path.is_file():
        raise NoModelFileError(file, "wrote no model")
    if model_path.stat().st_size == 0:
        raise NoModelFileError(file, "wrote an empty file for the model")


def _check_metrics(file: Path, returned: object) -> dict[str, float]:
    if returned is None:
        return {}
    if not isinstance(returned, Mapping):
        raise MetricsError(file, f"returned a {type(returned).__name__}")
    for name, value in returned.items():
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise MetricsError(
                file, f"returned {value!r:.60} ({type(value).__name__}) for the metric {name!r}"
            )
    return {name: float(value) for name, value in returned.items()}
