"""Trains an estimator: Refinery reads, splits, fits, judges and saves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.training.baseline import measure_baseline
from include.training.columns import check_target, choose_roles
from include.training.contract import Contract, check_contract
from include.training.cross_validation import Spread, cross_validate
from include.training.datasets import read_dataset
from include.training.estimators import BuiltEstimator
from include.training.fitting import find_task, fit_and_evaluate
from include.training.metrics import MetricChoice, find_metrics
from include.training.model_file import write_model
from include.training.numbers_as_text import check_numbers
from include.training.outcome import Outcome
from include.training.positive_class import check_positive_class, find_positive_class
from include.training.preprocessing import with_preprocessing
from include.training.sections import describe_data, describe_training
from include.training.seeding import seed_estimator, seeded_generators
from include.training.splitting import Split, split_folds, split_rows
from include.training.warning_signs import find_warning_signs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from include.training.estimators import Learner
    from include.training.fitting import Fitted
    from include.training.spec import TrainingSpec

    Profiler = Callable[[pd.DataFrame, str], Any]


@dataclass(frozen=True, slots=True)
class _Prepared:
    split: Split
    choice: MetricChoice
    data: dict[str, Any]
    profile: Any
    spread: Spread | None
    learner: Learner
    preprocess: dict[str, Any] | None


def train_estimator(
    spec: TrainingSpec, learner: Learner, dataset: Path, model_path: Path, profile: Profiler | None = None
) -> Outcome:
    """Read the dataset, fit the estimator, judge it on held-out rows, and write it.

    Raises:
        TrainingError: In the kinds that reading, fitting and writing raise.
    """
    choice = MetricChoice(
        None if spec.metrics is None else find_metrics(spec.metrics), find_metrics(spec.require)
    )
    prepared = _prepare(spec, learner, dataset, choice, profile)
    choice = prepared.choice
    with seeded_generators(spec.random_state):
        fitted = fit_and_evaluate(prepared.learner, prepared.split, choice)
    write_model(fitted.model, model_path, rows=fitted.held_out.features, trusted=spec.trusted)
    measured = [metric for metric in fitted.metrics if metric.name in fitted.evaluation.metrics]
    baseline = measure_baseline(
        fitted.held_out.task,
        prepared.split.train_target,
        prepared.split.test_target,
        measured,
        positive=choice.positive,
    )
    return Outcome(
        metrics=fitted.evaluation.metrics,
        left_out=fitted.evaluation.left_out,
        sections=_describe(spec, prepared, fitted) | {"baseline": baseline},
        warnings=find_warning_signs(fitted, prepared.split, baseline, positive=choice.positive),
        model=fitted.model,
        held_out=fitted.held_out,
        profile=prepared.profile,
    )


def _prepare(
    spec: TrainingSpec, learner: Learner, dataset: Path, choice: MetricChoice, profile: Profiler | None
) -> _Prepared:
    # The whole table is let go when this returns: only its two parts stay in memory.
    read = read_dataset(dataset, spec.source)
    table = read.table
    if spec.expect:
        check_contract(table, Contract.from_dict(spec.expect))
    roles = choose_roles(table, spec)
    if not read.typed:
        check_numbers(dataset, table, (roles.target, *roles.features), spec.source)
    features, target = table[list(roles.features)], table[roles.target]
    check_target(target)
    if learner.unfitted is not None:
        check_positive_class(spec.positive_class, find_task(learner.unfitted, target))
    positive = find_positive_class(spec.positive_class, roles.target, target.unique())
    choice = replace(choice, positive=positive)
    learner, preprocess = _with_preprocessing(spec, learner, features)
    times = None if roles.time is None else table[roles.time]
    rows = split_rows(spec, target, times)
    spread = None
    if spec.cross_validation:
        folds = split_folds(spec, find_task(learner.unfitted, target), target, times)
        with seeded_generators(spec.random_state):
            spread = cross_validate(learner, features, target, folds, choice)
    split = Split.of(features, target, *rows)
    # No value is copied for it: pandas shares the columns until one is written to.
    seen = profile(features.assign(**{roles.target: target}), roles.target) if profile else None
    return _Prepared(
        split,
        choice,
        describe_data(len(table), {str(name): dtype for name, dtype in table.dtypes.items()}, roles),
        seen,
        spread,
        learner,
        preprocess,
    )


def _with_preprocessing(
    spec: TrainingSpec, learner: Learner, features: pd.DataFrame
) -> tuple[Learner, dict[str, Any] | None]:
    """Put before a library's class what its columns need; what users' code builds is left alone."""
    if not isinstance(learner, BuiltEstimator) or learner.file is not None:
        return learner, None
    estimator, description = with_preprocessing(learner.unfitted, features, spec.preprocess)
    if description is None:
        return learner, None
    seeded = (*learner.seeded, *seed_estimator(estimator, spec.random_state))
    return replace(learner, unfitted=estimator, seeded=seeded), description


def _describe(spec: TrainingSpec, prepared: _Prepared, fitted: Fitted) -> dict[str, Any]:
    spread = prepared.spread
    measured = {}
    if spread is not None:
        measured = {
            "cross_validation": {"folds": spread.folds, "mean": spread.mean},
            "spread": spread.spread,
        }
    described = describe_training(
        spec,
        fitted,
        train_rows=len(prepared.split.train_target),
        test_rows=len(prepared.split.test_target),
        seeded=prepared.learner.seeded,
    )
    return {"data": prepared.data, **described, "preprocess": prepared.preprocess, **measured}
