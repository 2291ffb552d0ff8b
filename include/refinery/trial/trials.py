"""Train the pipelines of a plan before and after the change, on the same rows, with the code of the working tree."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.registry import ModelSeries, load_latest
from refinery.review import Trial, TrialRun, Verdict, fill_templates
from refinery.spec.artifacts import MANIFEST_FILE
from refinery.training import GateFailedError, TrainingSpec, needs_latest, train
from refinery.trial.dataset import TrialDataset, bring_dataset, source_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.review import PipelineChange, Plan
    from refinery.spec.urls import S3Url
    from refinery.training import LatestModel

_OTHER_CLASS = "Metrics of one class, such as f1, are not comparable: evaluate.positive_class changes."
_OTHER_DATASET = "Before and after were trained on different datasets, because the source changes."


@dataclass(frozen=True, slots=True)
class TrialContext:
    """What all trials of a plan share.

    Attributes:
        day: The day whose dataset is trained on.
        models_dir: The folder of the model modules, for both versions of a config.
        rows: How many rows to train on; None takes all.
        s3: Returns the client for a URL and an Airflow connection.
    """

    day: date
    models_dir: Path
    rows: int | None
    s3: Callable[[S3Url, str], S3Client]


def run_trials(plan: Plan, context: TrialContext, on_progress: Callable[[str], None]) -> tuple[Trial, ...]:
    """Train each pipeline that is added, renamed or changed; a failure is recorded in its trial and stops no other.

    Nothing is uploaded, and no code of another revision runs.

    Args:
        plan: The plan.
        context: What the trials share.
        on_progress: Called with the DAG ID of each pipeline before its trial.
    """
    trials = []
    for change in plan.first_of_each():
        if change.head:
            on_progress(change.dag_id)
            # What a model prints is not a part of the plan.
            with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory(prefix="refinery-trial-") as folder:
                trials.append(_try(change, change.head, context, Path(folder)))
    return tuple(trials)


def _try(change: PipelineChange, head: Pipeline, context: TrialContext, folder: Path) -> Trial:
    after_data = _dataset(head, context, folder / "after")
    before_data = after_data
    is_other = change.base is not None and _source(change.base, context) != _source(head, context)
    if change.base and is_other:
        before_data = _dataset(change.base, context, folder / "before")
    after = _run(head, after_data, context, folder / "model-after")
    before = None
    if change.base:
        is_same = not is_other and _settings(change.base, context) == _settings(head, context)
        before = after if is_same else _run(change.base, before_data, context, folder / "model-before")
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


def _source(pipeline: Pipeline, context: TrialContext) -> tuple[object, ...]:
    return source_urls(pipeline, context.day), pipeline.config.source.connection


def _settings(pipeline: Pipeline, context: TrialContext) -> tuple[object, ...]:
    """Return everything that a trial's result depends on besides the dataset."""
    output = pipeline.config.output
    return _spec(pipeline, context), output.url, output.connection


def _dataset(pipeline: Pipeline, context: TrialContext, folder: Path) -> TrialDataset | RefineryError:
    """Bring a dataset; return the error if that fails, for both runs that would read it."""
    options = _spec(pipeline, context).source
    try:
        return bring_dataset(pipeline, context.day, folder, options, rows=context.rows, s3=context.s3)
    except RefineryError as error:
        return error


def _run(
    pipeline: Pipeline, dataset: TrialDataset | RefineryError, context: TrialContext, folder: Path
) -> TrialRun:
    if isinstance(dataset, RefineryError):
        return TrialRun(problem=str(dataset))
    spec = _spec(pipeline, context)
    if dataset.rows is not None and spec.expect:
        # The number of rows is expected of the whole dataset.
        spec = replace(spec, expect={**spec.expect, "rows": None})
    try:
        latest = partial(_latest, pipeline, spec, context) if needs_latest(spec.require) else None
        return _trial_run(train(spec, dataset.path, folder, provenance={}, latest=latest).manifest)
    except GateFailedError as error:
        return _trial_run(json.loads((error.report_dir / MANIFEST_FILE).read_bytes()))
    except RefineryError as error:
        return TrialRun(problem=str(error))


def _spec(pipeline: Pipeline, context: TrialContext) -> TrainingSpec:
    training = pipeline.config.training
    training["model"] = _filled(training["model"], pipeline, context.day)
    spec = TrainingSpec.from_dict(training, context.models_dir)
    return replace(spec, timeout=pipeline.config.timeout.total_seconds())


def _filled(value: Any, pipeline: Pipeline, day: date) -> Any:
    if isinstance(value, str):
        return fill_templates(value, pipeline.config, day)
    if isinstance(value, dict):
        return {name: _filled(item, pipeline, day) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, pipeline, day) for item in value]
    return value


def _latest(pipeline: Pipeline, spec: TrainingSpec, context: TrialContext) -> LatestModel | None:
    output = pipeline.config.output
    series = ModelSeries.of_output(output.url)
    return load_latest(series, client=context.s3(series.root, output.connection), trusted=spec.trusted)


def _trial_run(manifest: Mapping[str, Any]) -> TrialRun:
    gates = tuple(Verdict(one["metric"], one["passed"], one["sentence"]) for one in manifest["gates"])
    return TrialRun(tuple(manifest["metrics"].items()), gates, manifest["gate"])
