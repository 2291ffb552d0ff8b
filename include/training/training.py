"""Trains the model that a spec describes, from a dataset's file to the model's files."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.artifacts import MANIFEST_FILE, MODEL_FILE, MODEL_FILES
from include.training.contract import Contract, check_contract
from include.training.datasets import read_dataset
from include.training.errors import GateFailedError
from include.training.estimator_training import train_estimator
from include.training.estimators import build_from_class, build_from_module
from include.training.fit_function import prepare_fit_function
from include.training.gates import REJECTED, check_gates, conclude
from include.training.incremental import reads_itself_error, train_incrementally
from include.training.latest import may_know_rows, measure_latest
from include.training.library_classes import find_estimator_class
from include.training.manifest import build_manifest
from include.training.metrics import find_metrics
from include.training.model_code import hash_used_files
from include.training.outcome import Outcome, Trained
from include.training.output import describe_files, keep_report, staged_output, write_json
from include.training.requirements import Requirement, parse_requirements
from include.training.script_training import train_by_script
from include.training.spec import ModuleModel, ScriptModel, TrainingSpec
from include.training.summary import summarize
from include.training.train_function import run_train_function
from include.training.user_code import FIT, TRAIN, UserModule, import_model_module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from include.training.estimator_training import Profiler
    from include.training.estimators import BuiltEstimator
    from include.training.evaluation import HeldOut
    from include.training.gates import GateResult
    from include.training.latest import LatestModel

_WARN = "warn"
_KNOWN_ROWS = (
    "The latest model may have learned from rows that are held out now, since the dataset or its split is another "
    "than it had; that is in its favour."
)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training has made.

    Attributes:
        metrics: The metrics; all are finite.
        manifest: The manifest as written.
        summary: A few lines of text for people.
        model: The fitted model; None where a `train` function kept it to itself.
        held_out: The rows that it was judged on; None likewise.
    """

    metrics: dict[str, float]
    manifest: dict[str, Any]
    summary: str
    model: Any
    held_out: HeldOut | None


def train(
    spec: TrainingSpec,
    dataset: Path,
    output_dir: Path,
    *,
    provenance: Mapping[str, Any],
    latest: LatestModel | None = None,
    profile: Profiler | None = None,
    write_extras: Callable[[Path, Trained], None] | None = None,
) -> TrainingResult:
    """Train a model and write model.pkl and manifest.json: both, whole, or neither.

    A model that fails a gate leaves a report instead, in the folder that the error names: manifest.json and what
    `write_extras` wrote, without the model.

    Args:
        spec: What to train, and how to judge it.
        dataset: The dataset's file.
        output_dir: The folder to write to; made if it is not there.
        provenance: What the manifest shall say about the config, the dataset's origin and the run.
        latest: The latest promoted model, for gates that compare with it; None where there is none yet.
        profile: Called with the table of the features and the target, while it is in memory, and with the target's name: what
            it returns is handed to `write_extras`. Not called where the model's code reads the dataset itself.
        write_extras: Called with a folder and the judged model before the manifest is written: files that it writes
            there are kept beside the model, and the manifest lists them.

    Raises:
        TrainingError: In one of its kinds: the dataset, the model's code or the fit is at fault, or the model is not
            good enough (GateFailedError). Never retryable.
    """
    started = time.monotonic()
    requirements = parse_requirements(spec.require)
    output_dir = output_dir.absolute()
    with staged_output(output_dir) as staging:
        user_module = _import_user_module(spec)
        outcome = _make_model(spec, user_module, dataset.absolute(), staging, profile)
        manifest = build_manifest(
            spec,
            provenance=provenance,
            model=_describe_model(spec, user_module),
            outcome=outcome,
            user_module=user_module.module if user_module else None,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            duration_seconds=time.monotonic() - started,
        )
        gates = _judge(spec, requirements, outcome, latest, manifest)
        model_files = describe_files(staging)
        rejected = manifest["gate"] == REJECTED
        manifest["files"] = {} if rejected else model_files
        if write_extras is not None:
            write_extras(staging, Trained(outcome.model, outcome.held_out, outcome.profile, manifest))
        if rejected:
            raise GateFailedError(gates, keep_report(staging, output_dir, manifest, without=model_files))
        manifest["files"] = describe_files(staging)
        write_json(staging / MANIFEST_FILE, manifest)
    return TrainingResult(outcome.metrics, manifest, summarize(manifest), outcome.model, outcome.held_out)


def _import_user_module(spec: TrainingSpec) -> UserModule | None:
    if isinstance(spec.model, ModuleModel):
        return import_model_module(spec.model, spec.models_dir)
    return None


def _make_model(
    spec: TrainingSpec,
    user_module: UserModule | None,
    dataset: Path,
    staging: Path,
    profile: Profiler | None,
) -> Outcome:
    function_name = user_module.function_name if user_module else None
    reads_itself = isinstance(spec.model, ScriptModel) or function_name == TRAIN
    if spec.batch_rows is not None and (reads_itself or function_name == FIT):
        raise reads_itself_error(str(spec.model))
    if reads_itself and spec.expect:
        check_contract(read_dataset(dataset, spec.source).table, Contract.from_dict(spec.expect))
    if isinstance(spec.model, ScriptModel):
        return train_by_script(spec, spec.model, dataset, staging)
    model_path = staging / MODEL_FILES[spec.model_format]
    if user_module is not None and function_name == TRAIN:
        return run_train_function(user_module, spec.params, dataset, staging / MODEL_FILE, spec.random_state)
    if user_module is not None and function_name == FIT:
        function = prepare_fit_function(user_module, spec.params, spec.random_state)
        return train_estimator(spec, function, dataset, model_path, profile)
    train_built = train_estimator if spec.batch_rows is None else train_incrementally
    return train_built(spec, _build(spec, user_module), dataset, model_path, profile)


def _build(spec: TrainingSpec, user_module: UserModule | None) -> BuiltEstimator:
    if user_module is None:
        return build_from_class(find_estimator_class(str(spec.model)), spec.params, spec.random_state)
    return build_from_module(user_module, spec.params, spec.random_state)


def _judge(
    spec: TrainingSpec,
    requirements: Sequence[Requirement],
    outcome: Outcome,
    latest: LatestModel | None,
    manifest: dict[str, Any],
) -> tuple[GateResult, ...]:
    compared = [r.metric for r in requirements if r.no_worse_than_latest is not None]
    measured = None
    if compared and latest is not None:
        metrics = find_metrics(compared) if outcome.held_out is not None else ()
        measured = measure_latest(latest, outcome.held_out, metrics)
        if may_know_rows(latest, manifest):
            manifest["notes"].append(_KNOWN_ROWS)
    results = check_gates(requirements, outcome.metrics, outcome.left_out, measured)
    manifest["gates"] = [result.to_dict() for result in results]
    manifest["gate"] = conclude(results, warn_only=spec.gate == _WARN)
    return results


def _describe_model(spec: TrainingSpec, user_module: UserModule | None) -> dict[str, Any]:
    used = hash_used_files(spec)
    also = {"files": used} if used else {}
    if user_module is None:
        kind = "script" if isinstance(spec.model, ScriptModel) else "class"
        return {"name": str(spec.model), "kind": kind, **also}
    return {
        "name": str(spec.model),
        "kind": "module",
        "function": user_module.function_name,
        "module_sha256": user_module.sha256,
        **also,
    }
