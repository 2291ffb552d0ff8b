"""Train an estimator: read, split, fit, evaluate and save."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.training.evaluation.baseline import measure_baseline
from refinery.training.evaluation.metrics import choose_metrics
from refinery.training.evaluation.warning_signs import find_warning_signs
from refinery.training.output.data_sections import describe_preparation, describe_training
from refinery.training.output.model_file import write_model
from refinery.training.output.result import FitResult
from refinery.training.seeding import seeded_generators
from refinery.training.trainers.incremental import prepare_stream
from refinery.training.trainers.whole import prepare_whole

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.spec.training import TrainingSpec
    from refinery.training.models.estimators import Learner
    from refinery.training.output.extras import Profiler


def train_estimator(
    spec: TrainingSpec, learner: Learner, dataset: Path, model_path: Path, profile: Profiler | None = None
) -> FitResult:
    """Read the dataset, whole or in batches, fit the estimator, evaluate it on held-out rows, and write it.

    Args:
        spec: What was asked for.
        learner: The unfitted estimator.
        dataset: The dataset's file or folder.
        model_path: The file to write the model to.
        profile: Summarizes the table of the features and the target, or a sample of its rows; None for no summary.

    Raises:
        TrainingError: The dataset cannot be read, or the estimator cannot be fitted or written.
    """
    prepare = prepare_whole if spec.batch_rows is None else prepare_stream
    prepared = prepare(spec, learner, dataset, choose_metrics(spec), profile)
    with seeded_generators(spec.random_state):
        fitted = prepared.fit()
    evaluation, held_out, positive = fitted.evaluation, fitted.held_out, prepared.choice.positive
    write_model(fitted.model, model_path, rows=held_out.features, trusted=spec.trusted)
    baseline = measure_baseline(
        evaluation.task,
        prepared.train_target,
        held_out.actual,
        [metric for metric in fitted.metrics if metric.name in evaluation.metrics],
        weights=prepared.weights,
        test_weights=held_out.weights,
        positive=positive,
    )
    data = prepared.data
    done = describe_preparation(data, spec.source.numbers, fitted.fitted.estimator, prepared.preprocess)
    described = describe_training(
        spec,
        fitted,
        train_rows=prepared.train_rows,
        test_rows=len(held_out.actual),
        seeded=prepared.learner.seeded,
    )
    signs = find_warning_signs(fitted, prepared.split, baseline, positive=positive)
    return FitResult(
        metrics=evaluation.metrics,
        left_out=evaluation.left_out,
        sections={"data": {**data, "prepared": done}, **described, **prepared.sections, "baseline": baseline},
        notes=prepared.notes,
        warnings=(*signs, *prepared.warnings),
        model=fitted.model,
        held_out=held_out,
        profile=prepared.profile,
    )
