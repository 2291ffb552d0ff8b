"""Trains the pipelines of a plan before and after the change, on the same rows, with the code that lies here."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.artifacts import MANIFEST_FILE
from include.errors import RefineryError
from include.registry import ModelSeries, load_latest
from include.rendering.dag_factory import dag_factory_config
from include.review.behaviour import fill_templates
from include.review.plan import Trial, TrialRun, Verdict
from include.training import GateFailedError, needs_latest, read_settings, train
from include.trial.dataset import TrialDataset, bring_dataset, source_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from mypy_boto3_s3 import S3Client

    from include.config import Pipeline
    from include.review.plan import PipelineChange, Plan
    from include.training import LatestModel, TrainingSpec
    from include.urls import S3Url

# Of the rendered training step: what says how to train; the rest says where its results go.
_SETTINGS = frozenset(
    ("model", "target", "features", "source_options", "evaluate", "expect", "preprocess", "require", "gate")
)
_OTHER_CLASS = "Metrics of one class, as f1, are those of another class after than before, since evaluate.positive_class changes."
_OTHER_DATASET = "Before and after were trained on different datasets, since the source changes."


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials of a plan share.

    Attributes:
        day: The day whose dataset is trained on.
        models_dir: The folder of the model modules, for both versions of a config.
        rows: How many rows to train on; None takes all.
        s3: Gives the client for a URL and an Airflow connection.
    """

    day: date
    models_dir: Path
    rows: int | None
    s3: Callable[[S3Url, str], S3Client]


def try_changes(plan: Plan, bench: Bench, tell: Callable[[str], None]) -> tuple[Trial, ...]:
    """Train each pipeline that is added, renamed or changed; what fails is told in its trial, and keeps no other from its own.

    Nothing is uploaded, and no code of another revision runs.

    Args:
        plan: The plan.
        bench: What the trials share.
        tell: Called with the DAG id of each pipeline before it is tried.
    """
    trials = []
    for change in plan.pipelines:
        if change.head:
            tell(change.dag_id)
            # What a model prints is no part of the plan.
            with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory(prefix="refinery-trial-") as folder:
                trials.append(_try(change, change.head, bench, Path(folder)))
    return tuple(trials)


def _try(change: PipelineChange, head: Pipeline, bench: Bench, folder: Path) -> Trial:
    after_data = _dataset(head, bench, folder / "after")
    before_data = after_data
    is_other = change.base is not None and _source(change.base, bench) != _source(head, bench)
    if change.base and is_other:
        before_data = _dataset(change.base, bench, folder / "before")
    after = _run(head, after_data, bench, folder / "model-after")
    before = None
    if change.base:
        is_same = not is_other and _judgement(change.base, bench) == _judgement(head, bench)
        before = after if is_same else _run(change.base, before_data, bench, folder / "model-before")
    rows = {one.rows if isinstance(one, TrialDataset) else None for one in (before_data, after_data)}
    return Trial(
        dag_id=change.dag_id,
        rows=rows.pop() if len(rows) == 1 else None,
        before=before,
        after=after,
        note=_note(change.base, head, is_other=is_other),
    )


def _note(base: Pipeline | None, head: Pipeline, *, is_other: bool) -> str | None:
    notes = [_OTHER_DATASET] if is_other else []
    if base and base.config.evaluate.positive_class != head.config.evaluate.positive_class:
        notes.append(_OTHER_CLASS)
    return " ".join(notes) or None


def _source(pipeline: Pipeline, bench: Bench) -> tuple[object, ...]:
    return source_urls(pipeline, bench.day), pipeline.config.source.connection


def _judgement(pipeline: Pipeline, bench: Bench) -> tuple[object, ...]:
    """Return all that a trial's outcome depends on beside the dataset."""
    output = pipeline.config.output
    return _spec(pipeline, bench), output.url, output.connection


def _dataset(pipeline: Pipeline, bench: Bench, folder: Path) -> TrialDataset | RefineryError:
    """Bring a dataset; the reason where it cannot be had, for both runs that would read it."""
    options = _spec(pipeline, bench).source
    try:
        return bring_dataset(pipeline, bench.day, folder, options, rows=bench.rows, s3=bench.s3)
    except RefineryError as error:
        return error


def _run(pipeline: Pipeline, dataset: TrialDataset | RefineryError, bench: Bench, folder: Path) -> TrialRun:
    if isinstance(dataset, RefineryError):
        return TrialRun(problem=str(dataset))
    spec = _spec(pipeline, bench)
    if dataset.rows is not None and spec.expect:
        # So many rows are expected of the whole dataset.
        spec = replace(spec, expect={**spec.expect, "rows": None})
    try:
        latest = _latest(pipeline, spec, bench) if needs_latest(spec.require) else None
        return _judged(train(spec, dataset.path, folder, provenance={}, latest=latest).manifest)
    except GateFailedError as error:
        return _judged(json.loads((error.report_dir / MANIFEST_FILE).read_bytes()))
    except RefineryError as error:
        return TrialRun(problem=str(error))


def _spec(pipeline: Pipeline, bench: Bench) -> TrainingSpec:
    step = dag_factory_config(pipeline)["tasks"]["train_model"]
    settings = {name: value for name, value in step.items() if name in _SETTINGS}
    settings["model"] = _filled(settings["model"], pipeline, bench.day)
    timeout = pipeline.config.timeout
    return read_settings(
        models_dir=bench.models_dir, timeout=timeout.total_seconds() if timeout else None, **settings
    )


def _filled(value: Any, pipeline: Pipeline, day: date) -> Any:
    if isinstance(value, str):
        return fill_templates(value, pipeline.config, day)
    if isinstance(value, dict):
        return {name: _filled(item, pipeline, day) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, pipeline, day) for item in value]
    return value


def _latest(pipeline: Pipeline, spec: TrainingSpec, bench: Bench) -> LatestModel | None:
    output = pipeline.config.output
    series = ModelSeries.of_output(output.url)
    return load_latest(series, client=bench.s3(series.root, output.connection), trusted=spec.trusted)


def _judged(manifest: Mapping[str, Any]) -> TrialRun:
    gates = tuple(Verdict(one["metric"], one["passed"], one["sentence"]) for one in manifest["gates"])
    return TrialRun(tuple(manifest["metrics"].items()), gates, manifest["gate"])
