"""Score the file that a user's own code wrote on the dataset as it is: what gets promoted is the file, not the metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.training.data.columns import DROPPED, choose_roles, is_unusable
from refinery.training.data.read import read_dataset
from refinery.training.errors import FitError, MetricError, TrainingError, UnknownMetricError
from refinery.training.evaluation.baseline import measure_baseline
from refinery.training.evaluation.fitting import check_is_declared, find_task
from refinery.training.evaluation.metrics import DEFAULT_METRICS, MetricChoice, find_metrics
from refinery.training.evaluation.model_output import ask, check_classes
from refinery.training.evaluation.scores import evaluate
from refinery.training.models.estimator_kinds import kind_problem
from refinery.training.output.model_file import read_model_file
from refinery.training.user_code.clean_process import CleanProcessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.metrics import Metric
    from refinery.training.output.result import FitResult
    from refinery.training.user_code.clean_process import CleanProcess

# More rows would hardly change a metric, and all are sent to another process.
_MOST_ROWS = 50_000
_NOT_SCORED = "The written file was not scored on the dataset"
_UNDECLARED = (
    "it declares neither a classifier nor a regressor, and the target has two values; let the code report a metric of one, "
    "such as accuracy or mae, too"
)
_ADVICE = "Check that everything done to the features before the fit, such as scaling, is in the file too: pickle a Pipeline."


@dataclass(frozen=True, slots=True)
class FileScore:
    """How well a written file predicts rows that it may have learned from.

    Attributes:
        task: "regression" or "classification".
        metrics: Each metric's value.
        baseline: The metrics of always predicting the mean or the most frequent class.
        worse: The metrics that are worse than the baseline.
    """

    task: str
    metrics: dict[str, float]
    baseline: dict[str, float]
    worse: tuple[str, ...]


def score_file(
    spec: TrainingSpec, clean: CleanProcess, file: Path, dataset: Path, outcome: FitResult
) -> FitResult:
    """Load a written file in a clean process and score it on the dataset's rows.

    The metrics that the model's own code reports stay as they are.

    Args:
        spec: What was asked for; its target is set.
        clean: The process.
        file: The model's file.
        dataset: The dataset.
        outcome: The training's outcome.

    Returns:
        The outcome with the file's metrics as a section and a note, and with a warning where they are worse than the
        baseline; where the file cannot be scored, with a note that says why.
    """
    try:
        features, target, rows = _read_rows(spec, dataset)
        named = (*(spec.metrics or ()), *spec.require, *outcome.metrics)
        score = clean.call(load_and_score, file, tuple(spec.trusted), features, target, named)
    except (TrainingError, CleanProcessError, MemoryError) as error:
        reason = str(error).removeprefix(f"{file}: ").rstrip(".") or "memory ran out"
        return replace(outcome, notes=(*outcome.notes, f"{_NOT_SCORED}: {reason}."))
    section = {
        "rows": len(target),
        "metrics": score.metrics,
        "baseline": score.baseline,
        "worse": list(score.worse),
    }
    return replace(
        outcome,
        sections=outcome.sections | {"written_file": section},
        notes=(*outcome.notes, _note(score, outcome.metrics, len(target), rows)),
        warnings=(*outcome.warnings, *([_warning(score)] if score.worse else [])),
    )


def load_and_score(
    file: Path, trusted: Sequence[str], features: pd.DataFrame, target: pd.Series[Any], named: Sequence[str]
) -> FileScore:
    """Load a model's file and measure how well it predicts rows.

    Args:
        file: The file.
        trusted: For skops, the types that may be in it.
        features: All columns but the target; a model that names its features is given those.
        target: The target.
        named: Metrics that the config or the model's code names.

    Raises:
        TrainingError: It does not load, or does not predict usable values.
    """
    model = read_model_file(file, trusted=trusted)
    if problem := kind_problem(model):
        raise FitError(type(model).__name__, "be scored", problem)
    known = _known_metrics(named)
    choice = MetricChoice(required=known)
    try:
        check_is_declared(model, target, choice)
    except MetricError as error:
        raise FitError(type(model).__name__, "be scored", _UNDECLARED) from error
    task = find_task(model, target, choice)
    names = [str(name) for name in getattr(model, "feature_names_in_", features.columns)]
    predictions = ask(model, task, features[names])
    if task == CLASSIFICATION:
        check_classes(model, predictions.values, target.unique())
    usual = find_metrics(DEFAULT_METRICS[task])
    metrics = tuple(dict.fromkeys((*usual, *(metric for metric in known if metric.task == task))))
    found = evaluate(task, target, predictions, metrics).metrics
    baseline = measure_baseline(task, target, target, metrics)
    return FileScore(task, found, baseline, tuple(_worse(metrics, found, baseline)))


def _read_rows(spec: TrainingSpec, dataset: Path) -> tuple[pd.DataFrame, pd.Series[Any], int]:
    """Return features and target of the rows that have a target, or of a sample, and how many such rows there are."""
    table = read_dataset(dataset, spec.source).table
    roles = choose_roles(table, spec)
    table = table[~is_unusable(table[roles.target])]
    rows = len(table)
    if rows > _MOST_ROWS:
        table = table.sample(_MOST_ROWS, random_state=spec.random_state)
    dropped = {name for name, reason in roles.left_out.items() if reason == DROPPED}
    names = [name for name in table.columns if name not in (roles.target, *dropped)]
    if spec.features is not None:
        names = list(roles.features)
    return table[names], table[roles.target], rows


def _known_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    known: list[Metric] = []
    for name in names:
        try:
            known += find_metrics([name])
        except UnknownMetricError:  # the code's own
            continue
    return tuple(dict.fromkeys(known))


def _worse(
    metrics: Iterable[Metric], values: Mapping[str, float], baseline: Mapping[str, float]
) -> Iterable[str]:
    for metric in metrics:
        value, least = values.get(metric.name), baseline.get(metric.name)
        if value is None or least is None or math.isclose(value, least, rel_tol=1e-9, abs_tol=1e-12):
            continue
        if (value < least) == metric.higher_is_better:
            yield metric.name


def _note(score: FileScore, reported: Mapping[str, float], scored: int, rows: int) -> str:
    which = f"all {rows:,}" if scored == rows else f"{scored:,} of {rows:,}"
    same = {name: reported[name] for name in score.metrics if name in reported}
    said = f" (the model's own code reports {_listed(same)})" if same else ""
    return (
        f"The written file, scored on {which} rows of the dataset, which it may have learned from, has "
        f"{_listed(score.metrics)}{said}."
    )


def _warning(score: FileScore) -> str:
    always = "the mean" if score.task == REGRESSION else "the most frequent class"
    figures = ", ".join(
        f"{name} {score.metrics[name]:.4g} (baseline {score.baseline[name]:.4g})" for name in score.worse
    )
    return f"The written file is worse than always predicting {always}, on rows that it may have learned from: {figures}. {_ADVICE}"


def _listed(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
