"""Train the model that a spec describes, from a dataset's file to the model's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refinery.project import find_project
from refinery.spec.artifacts import MANIFEST_FILE, MODEL_FILE, MODEL_FILES, ONNX
from refinery.spec.gates import REJECTED, Requirement, parse_requirements
from refinery.spec.libraries import BOOSTING, onnx_problem
from refinery.spec.training import (
    CandidatesModel,
    ClassModel,
    ModuleModel,
    ScriptModel,
    StepsModel,
    TrainingSpec,
)
from refinery.training.data.columns import DROP
from refinery.training.data.contract import Contract, check_contract
from refinery.training.data.read import read_dataset
from refinery.training.errors import DatasetError, GateFailedError, MetricError, ModelCodeError
from refinery.training.evaluation.fit_rows import splits_again
from refinery.training.evaluation.gates import check_gates, conclude
from refinery.training.evaluation.latest import may_know_rows, measure_latest, measure_latest_clusters
from refinery.training.evaluation.metrics import find_metrics
from refinery.training.evaluation.unsupervised import ScoredRows
from refinery.training.models.early_stopping import early_stopping_problem
from refinery.training.models.estimators import build_from_libraries, build_from_module
from refinery.training.models.fit_function import prepare_fit_function
from refinery.training.models.library_classes import find_estimator_class
from refinery.training.output.extras import Extras
from refinery.training.output.file_score import score_file
from refinery.training.output.manifest import build_manifest
from refinery.training.output.model_file import check_format
from refinery.training.output.publish import describe_files, keep_report, staged_output, write_json
from refinery.training.output.read_back import read_back
from refinery.training.output.result import FitResult, Trained
from refinery.training.output.summary import summarize
from refinery.training.output.usage import Usage
from refinery.training.search import judge, search_model
from refinery.training.trainers.estimator import train_estimator
from refinery.training.trainers.incremental import reads_itself_error
from refinery.training.trainers.script import train_by_script
from refinery.training.trainers.train_function import run_train_function
from refinery.training.trainers.unsupervised import train_unsupervised
from refinery.training.user_code.clean_process import CleanProcess
from refinery.training.user_code.isolation import environment_restored
from refinery.training.user_code.model_code import hash_used_files, import_used_modules
from refinery.training.user_code.modules import FIT, TRAIN, UserModule, import_model_module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from refinery.spec.gates import GateResult
    from refinery.training.evaluation.latest import LatestModel
    from refinery.training.evaluation.scores import HeldOut
    from refinery.training.models.estimators import Learner
    from refinery.training.output.extras import Profiler
    from refinery.training.search import Checkpoint

_WARN = "warn"
_KNOWN_ROWS = (
    "The latest model may have learned from rows that are held out now, since the dataset or its split "
    "has changed; that favors it."
)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training produced.

    Attributes:
        metrics: The metrics; all are finite.
        manifest: The manifest as written.
        summary: A few lines of text for people.
        model: The fitted model; None where a `train` function kept it to itself.
        held_out: The rows that it was evaluated on; None in the same case.
    """

    metrics: dict[str, float]
    manifest: dict[str, Any]
    summary: str
    model: Any
    held_out: HeldOut | ScoredRows | None


def train(
    spec: TrainingSpec,
    dataset: Path,
    output_dir: Path,
    *,
    provenance: Mapping[str, Any],
    latest: Callable[[], LatestModel | None] | None = None,
    write_extras: Callable[[Path, Trained], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Train a model and write its file and manifest.json: both, whole, or neither.

    A model that fails a gate leaves a report instead, in the folder that the error names: manifest.json and what
    `write_extras` wrote, without the model.

    Args:
        spec: What to train, and how to evaluate it.
        dataset: The dataset's file.
        output_dir: The folder to write to; made if it is not there.
        provenance: What the manifest says about the config, the dataset's origin and the run.
        latest: Loads the latest promoted model for gates that compare with it; called only where one does. Returns None
            where there is none yet.
        write_extras: Called with a folder and the evaluated model before the manifest is written: files that it writes
            there are kept beside the model, and the manifest lists them. Where it raises, the model is kept without them,
            and the manifest's notes say why.
        checkpoint: Where a search keeps its trials for the next try of the same task.

    Raises:
        TrainingError: The dataset, the model's code or the fit is at fault, the written file does not hold the model, or
            the model is not good enough (GateFailedError) or cannot be measured (MetricError).
        RefineryError: What the model's format needs is not installed.
    """
    candidates = spec.model.candidates if isinstance(spec.model, CandidatesModel) else ()
    for one in [spec.with_model(candidate.steps) for candidate in candidates] or [spec]:
        _check_followed(one)
    usage = Usage()
    requirements = parse_requirements(spec.require)
    check_format(spec.model_format)
    if spec.model_format == ONNX and (problem := onnx_problem(spec.libraries)):
        raise ModelCodeError(f"model.format: onnx {problem}.")
    output_dir = output_dir.absolute()
    extras = Extras(write_extras)
    with (
        environment_restored(),
        staged_output(output_dir) as staging,
        CleanProcess(spec.models_dir) as clean,
    ):
        searched = None
        if candidates:
            clean.fork()  # before any fit; see _make_model
            searched = search_model(
                spec,
                candidates,
                dataset.absolute(),
                provenance=provenance,
                checkpoint=checkpoint,
            )
            spec = searched.winner
        user_module = _import_user_module(spec, clean)
        outcome = _make_model(spec, user_module, dataset.absolute(), staging, extras.profile, clean=clean)
        outcome = _check_files(spec, clean, outcome, staging, dataset.absolute())
        outcome = judge(searched, outcome) if searched else outcome
        manifest = build_manifest(
            spec,
            provenance=provenance,
            model=_describe_model(spec, user_module),
            outcome=outcome,
            user_module=user_module.module if user_module else None,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            usage=usage.to_dict(),
        )
        gates = _check_gates(spec, requirements, outcome, latest, manifest)
        model_files = describe_files(staging)
        rejected = manifest["gate"] == REJECTED
        if not rejected:
            _check_measured(outcome)
        manifest["files"] = {} if rejected else model_files
        extras.write(staging, Trained(outcome.model, outcome.held_out, outcome.profile, manifest))
        manifest["notes"] += extras.problems
        if rejected:
            report_dir = keep_report(staging, output_dir, manifest, without=model_files)
            raise GateFailedError(_rejection(gates), report_dir, summarize(manifest))
        manifest["files"] = describe_files(staging)
        write_json(staging / MANIFEST_FILE, manifest)
    return TrainingResult(outcome.metrics, manifest, summarize(manifest), outcome.model, outcome.held_out)


def _import_user_module(spec: TrainingSpec, clean: CleanProcess) -> UserModule | None:
    if isinstance(spec.model, ModuleModel):
        import_used_modules(spec, of="sklearn")  # imported here, the clean process has them too
        clean.fork()
        return import_model_module(spec.model, spec.models_dir)
    return None


def _make_model(
    spec: TrainingSpec,
    user_module: UserModule | None,
    dataset: Path,
    staging: Path,
    profile: Profiler | None,
    *,
    clean: CleanProcess,
) -> FitResult:
    if isinstance(spec.model, ScriptModel):
        _check_own_reading(spec, dataset)
        return train_by_script(spec, spec.model, dataset, staging)
    if user_module is not None and user_module.function_name == TRAIN:
        _check_own_reading(spec, dataset)
        return run_train_function(user_module, spec.params, dataset, staging / MODEL_FILE, spec.random_state)
    learner = _find_learner(spec, user_module)
    if spec.libraries & {*BOOSTING} and not clean.is_forked:
        clean.fork()  # a fork after the fit would wait forever for OpenMP's threads, which it does not have
    run = train_estimator if spec.task is None else train_unsupervised
    return run(spec, learner, dataset, staging / MODEL_FILES[spec.model_format], profile)


def _check_own_reading(spec: TrainingSpec, dataset: Path) -> None:
    """Check what a config asks of a model whose own code reads the dataset, and the dataset's contract."""
    if spec.task is not None:
        raise _task_error(spec, "measures its model itself")
    if spec.batch_rows is not None:
        raise reads_itself_error(str(spec.model))
    if spec.weight is not None:
        raise DatasetError(
            f"weight is not for {spec.model}, whose own code reads the dataset: weigh the rows there and remove the key, or define "
            "build_model or fit."
        )
    if spec.missing_target == DROP:
        raise DatasetError(
            f"target.missing: drop is not for {spec.model}, whose own code reads the dataset: leave out rows without a target "
            "there and remove the key, or define build_model or fit."
        )
    if spec.expect:
        check_contract(read_dataset(dataset, spec.source).table, Contract.from_dict(spec.expect))


def _task_error(spec: TrainingSpec, why: str) -> ModelCodeError:
    return ModelCodeError(
        f"task: {spec.task} is not for {spec.model}, whose own code {why}: define build_model, or remove task."
    )


def _find_learner(spec: TrainingSpec, user_module: UserModule | None) -> Learner:
    if isinstance(spec.model, ClassModel | StepsModel):
        libraries = find_project(spec.models_dir).libraries
        return build_from_libraries(spec.model, spec.params, spec.random_state, libraries, spec.task)
    if user_module is None:
        raise AssertionError(spec.model)
    if user_module.function_name != FIT:
        return build_from_module(user_module, spec.params, spec.random_state, spec.task)
    if spec.task is not None:
        raise _task_error(spec, "takes a target")
    if spec.batch_rows is not None:
        raise reads_itself_error(str(spec.model))
    return prepare_fit_function(user_module, spec.params, spec.random_state, weighted=spec.weight is not None)


def _check_followed(spec: TrainingSpec) -> None:
    """Check that the fit can be stopped early, and that its rows can be split again, where the spec asks for it.

    Raises:
        DatasetError: The rows are streamed, or have no target; or the threshold is not a probability.
        ModelCodeError: The model cannot stop early.
    """
    if spec.threshold is not None and not 0 < spec.threshold < 1:
        raise DatasetError(
            f"evaluate.threshold: {spec.threshold:g} is not a probability between 0 and 1; write one such as 0.3."
        )
    if spec.task is not None and splits_again(spec):
        raise DatasetError(
            "fit.early_stopping, evaluate.threshold and evaluate.calibrate need a target: remove task, or remove them."
        )
    if spec.batch_rows is not None and splits_again(spec):
        raise DatasetError(
            "fit.early_stopping, evaluate.threshold and evaluate.calibrate need all rows together: set fit.mode to whole, or remove "
            "them."
        )
    if spec.stopping_rounds is None:
        return
    if not isinstance(spec.model, ClassModel | StepsModel):
        raise ModelCodeError(
            f"fit.early_stopping does not apply to {spec.model}: it needs a library class; stop in the model's own code, and remove it."
        )
    libraries = find_project(spec.models_dir).libraries
    path, params = (
        (spec.model.path, spec.params)
        if isinstance(spec.model, ClassModel)
        else (spec.model.steps[-1].path, spec.model.steps[-1].params)
    )
    if problem := early_stopping_problem(find_estimator_class(path, libraries), params):
        raise ModelCodeError(f"{problem}.")


def _check_files(
    spec: TrainingSpec, clean: CleanProcess, outcome: FitResult, staging: Path, dataset: Path
) -> FitResult:
    by_script = isinstance(spec.model, ScriptModel)
    left = outcome.sections.get("script", {}).get("model_file")
    for file in (staging / name for name in dict.fromkeys((*MODEL_FILES.values(), left)) if name):
        if not file.is_file():
            continue
        checked = read_back(clean, file, outcome, trusted=spec.trusted, by_script=by_script)
        loads = checked is outcome
        outcome = checked
        if loads and outcome.model is None and spec.target is not None:
            outcome = score_file(spec, clean, file, dataset, outcome)
    return outcome


def _check_gates(
    spec: TrainingSpec,
    requirements: Sequence[Requirement],
    outcome: FitResult,
    find_latest: Callable[[], LatestModel | None] | None,
    manifest: dict[str, Any],
) -> tuple[GateResult, ...]:
    compared = [r.metric for r in requirements if r.no_worse_than_latest is not None]
    measured = None
    # Loaded only now: that may run its code.
    if compared and find_latest and (latest := find_latest()) is not None:
        if isinstance(outcome.held_out, ScoredRows):
            measured = measure_latest_clusters(latest, outcome.held_out, compared)
        else:
            metrics = find_metrics(compared) if outcome.held_out is not None else ()
            measured = measure_latest(latest, outcome.held_out, metrics)
        if may_know_rows(latest, manifest):
            manifest["notes"].append(_KNOWN_ROWS)
    results = check_gates(requirements, outcome.metrics, outcome.left_out, measured)
    manifest["gates"] = [result.to_dict() for result in results]
    manifest["gate"] = conclude(results, warn_only=spec.gate == _WARN)
    return results


def _rejection(gates: Sequence[GateResult]) -> str:
    failed = [gate.sentence for gate in gates if not gate.passed]
    count = f"{len(failed)} of {len(gates)} gates" if len(gates) > 1 else "its gate"
    return f"The model is rejected, it fails {count}: {' '.join(failed)}"


def _check_measured(outcome: FitResult) -> None:
    """Check that an estimator has at least one metric.

    Raises:
        MetricError: It has none, so nobody knows how good it is.
    """
    if outcome.held_out is None or outcome.metrics:
        return
    reasons = "; ".join(f"{name}: {reason}" for name, reason in outcome.left_out.items())
    raise MetricError(
        f"The model has no metric with a value, and is not kept ({reasons}). "
        "Check what it predicts, or choose other metrics in evaluate.metrics."
    )


def _describe_model(spec: TrainingSpec, user_module: UserModule | None) -> dict[str, Any]:
    used = hash_used_files(spec)
    also = {"files": used} if used else {}
    if user_module is None:
        kinds = {ScriptModel: "script", StepsModel: "steps"}
        kind = kinds.get(type(spec.model), "class")
        return {"name": str(spec.model), "kind": kind, **also}
    return {
        "name": str(spec.model),
        "kind": "module",
        "function": user_module.function_name,
        "module_sha256": user_module.sha256,
        **also,
    }
