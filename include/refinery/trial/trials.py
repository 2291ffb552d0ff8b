"""Train the pipelines of a plan before and after the change, on the same rows."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.config import fill_typed_params, series_output
from refinery.errors import RefineryError
from refinery.model_sources import MODELS
from refinery.registry import ModelSeries, fetch_latest, load_latest
from refinery.review import Trial, TrialRun, fill_templates, open_worktree
from refinery.training import CandidatesModel, TrainingSpec, needs_latest
from refinery.trial.dataset import TrialDataset, bring_dataset, source_urls
from refinery.trial.own_process import FetchedLatest, latest_folder, train_with_code_of
from refinery.trial.sample import choose_changed, choose_with_code
from refinery.trial.training import train_once
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.review import Pair, Plan, Version
    from refinery.spec.urls import S3Url
    from refinery.training import LatestModel
    from refinery.trial.sample import Sample

_OTHER_CLASS = "Metrics of one class, such as f1, are not comparable: evaluate.positive_class changes."
_SEARCH_TRIALS = 5
_FEW_TRIALS = f"A search was tried with {_SEARCH_TRIALS} trials, or with one of each candidate; a run makes all of them."
_OTHER_DATASET = "Before and after were trained on different datasets, because the source changes."
_WORKING_TREE_CODE = (
    "Both versions were trained with the model modules and libraries of the working tree: "
    "no code of the other revision runs."
)
_OWN_CODE = (
    "Each version of a tried pipeline was trained with its own code, in its own git worktree and process, without this "
    "process's keys."
)


@dataclass(frozen=True, slots=True)
class BothCodes:
    """Where the code of both versions of a project lies.

    Attributes:
        base: The project's root folder before the change.
        head: The same after it.
    """

    base: Path
    head: Path


@dataclass(frozen=True, slots=True)
class TrialContext:
    """What all trials of a plan share.

    Attributes:
        day: The day whose dataset is trained on.
        models_dir: The folder of the model modules, for both versions of a config.
        rows: How many rows to train on; None takes all.
        s3: Returns the client for a URL and an Airflow connection.
        codes: The code that each version is trained with instead, in separate processes; None trains both here.
    """

    day: date
    models_dir: Path
    rows: int | None
    s3: Callable[[S3Url, str], S3Client]
    codes: BothCodes | None = None


@contextmanager
def check_out_both(project: Path, plan: Plan) -> Iterator[BothCodes]:
    """Yield the code of both versions of a plan: each commit in a temporary git worktree, the working tree where it is.

    Args:
        project: The project's root folder.
        plan: The plan.

    Raises:
        ReviewError: git cannot check a commit out.
    """
    with ExitStack() as stack:

        def root_of(version: Version) -> Path:
            return stack.enter_context(open_worktree(project, version.commit)) if version.commit else project

        yield BothCodes(root_of(plan.base), root_of(plan.head))


def run_trials(plan: Plan, context: TrialContext, on_progress: Callable[[str], None]) -> tuple[Trial, ...]:
    """Train each pipeline that is added, renamed or changed; a failure is recorded in its trial and stops no other.

    With the code of both versions, a few of those that only changed model files reach are trained, too. Nothing is uploaded.

    Args:
        plan: The plan.
        context: What the trials share.
        on_progress: Called with the DAG ID of each pipeline before its trial.
    """
    sample = _choose(plan, context)
    trials = []
    for pair in sample.pairs:
        if pair.head:
            on_progress(pair.dag_id)
            files = sample.files.get(pair.dag_id, ())
            # What a model prints is not a part of the plan.
            with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory(prefix="refinery-trial-") as folder:
                trials.append(_try(pair, pair.head, files, context, Path(folder)))
    return tuple(trials)


def describe_trials(plan: Plan, context: TrialContext) -> tuple[str, ...]:
    """Say how a plan's trials were made: with which code, how many of the pipelines that it reaches, and what they cannot show."""
    if context.codes is None:
        return (_WORKING_TREE_CODE,)
    notes = [_OWN_CODE, _describe_draw(_choose(plan, context))]
    if others := list_names(dict.fromkeys(one.name for one in plan.code if not one.is_model_file)):
        notes.append(
            f"Not tried, since both versions ran with what is installed here: the change of {others}."
        )
    return tuple(notes)


def _describe_draw(sample: Sample) -> str:
    reached = len(sample.files)
    if not reached:
        return "No pipeline runs a model file that changes."
    if sample.tried == reached:
        return "Tried every pipeline that runs a changed model file."
    return f"Tried {sample.tried:,} of the {reached:,} pipelines that run changed model files: always the same, spread over the files and over pipelines with gates and without."


def _choose(plan: Plan, context: TrialContext) -> Sample:
    return choose_with_code(plan) if context.codes else choose_changed(plan)


def _try(pair: Pair, head: Pipeline, files: tuple[str, ...], context: TrialContext, folder: Path) -> Trial:
    after_data = _dataset(head, context, folder / "after")
    before_data = after_data
    is_other = pair.base is not None and _source(pair.base, context) != _source(head, context)
    if pair.base and is_other:
        before_data = _dataset(pair.base, context, folder / "before")
    codes = context.codes
    after = _run(head, after_data, context, codes.head if codes else None, folder / "model-after")
    before = None
    if pair.base:
        has_own_code = codes is not None and not head.config.model.class_paths
        is_same = (
            not has_own_code and not is_other and _settings(pair.base, context) == _settings(head, context)
        )
        before = (
            after
            if is_same
            else _run(pair.base, before_data, context, codes.base if codes else None, folder / "model-before")
        )
    rows = {one.rows if isinstance(one, TrialDataset) else None for one in (before_data, after_data)}
    return Trial(
        dag_id=pair.dag_id,
        rows=rows.pop() if len(rows) == 1 else None,
        before=before,
        after=after,
        note=_note(pair.base, head, files, is_other=is_other),
    )


def _note(base: Pipeline | None, head: Pipeline, files: tuple[str, ...], *, is_other: bool) -> str | None:
    notes = [f"Code that changes: {list_names(files)}."] if files else []
    notes += [_OTHER_DATASET] if is_other else []
    if any(one.config.model.is_searched for one in (base, head) if one):
        notes.append(_FEW_TRIALS)
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
    pipeline: Pipeline,
    dataset: TrialDataset | RefineryError,
    context: TrialContext,
    code: Path | None,
    folder: Path,
) -> TrialRun:
    if isinstance(dataset, RefineryError):
        return TrialRun(problem=str(dataset))
    spec = _spec(pipeline, context)
    if dataset.rows is not None and spec.expect:
        # The number of rows is expected of the whole dataset.
        spec = replace(spec, expect={**spec.expect, "rows": None})
    if code is None:
        return train_once(spec, dataset.path, folder, partial(_latest, pipeline, spec, context))
    try:
        latest = _fetch_latest(pipeline, context, folder) if needs_latest(spec.require) else None
    except RefineryError as error:
        return TrialRun(problem=str(error))
    return train_with_code_of(code, replace(spec, models_dir=code / MODELS), dataset.path, folder, latest)


def _spec(pipeline: Pipeline, context: TrialContext) -> TrainingSpec:
    training = pipeline.config.training
    model = training["model"]
    typed = {key: model[key] for key in ("params", "steps", "candidates") if model.get(key)}
    model = {**model, **fill_typed_params(typed, pipeline.config.params)}
    training["model"] = _filled(model, pipeline, context.day)
    spec = TrainingSpec.from_dict(training, context.models_dir)
    # A reviewer waits: a search is tried, not made.
    least = len(spec.model.candidates) if isinstance(spec.model, CandidatesModel) else 0
    trials = min(spec.search_trials, max(_SEARCH_TRIALS, least))
    return replace(spec, search_trials=trials, timeout=pipeline.config.timeout.total_seconds())


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
    series = ModelSeries.of_output(series_output(pipeline.config))
    return load_latest(series, client=context.s3(series.root, output.connection), trusted=spec.trusted)


def _fetch_latest(pipeline: Pipeline, context: TrialContext, folder: Path) -> FetchedLatest | None:
    output = pipeline.config.output
    series = ModelSeries.of_output(series_output(pipeline.config))
    client = context.s3(series.root, output.connection)
    try:
        location = fetch_latest(series, latest_folder(folder), client=client)
    except RefineryError as error:
        if error.retryable:
            raise
        return FetchedLatest(problem=str(error))
    return FetchedLatest(location) if location else None
