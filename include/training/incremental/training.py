"""Trains an estimator on a dataset that is never in memory as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from include.training.baseline import measure_baseline
from include.training.errors import IncrementalFitError, UnusableColumnsError
from include.training.fitting import Fitted, check_task, judge
from include.training.incremental.estimators import fit_by_batches, incremental_problem
from include.training.incremental.parting import Parting, most_rows_held_out
from include.training.incremental.survey import Survey, read_surveyed, survey_dataset
from include.training.incremental.tallies import NUMBERS
from include.training.metrics import MetricChoice, find_metrics
from include.training.model_file import write_model
from include.training.outcome import Outcome
from include.training.positive_class import check_positive_class, find_positive_class
from include.training.sections import describe_data, describe_training
from include.training.seeding import seeded_generators
from include.training.warning_signs import find_warning_signs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.training.estimator_training import Profiler
    from include.training.estimators import BuiltEstimator
    from include.training.metrics import Metric
    from include.training.spec import TrainingSpec
    from include.training.splitting import Split

_ADVICE = (
    "fit: incremental makes no columns ready: leave them out with drop or features, fill or encode them before, "
    "or bring a module whose Pipeline does it."
)


def train_incrementally(
    spec: TrainingSpec,
    learner: BuiltEstimator,
    dataset: Path,
    model_path: Path,
    profile: Profiler | None = None,
) -> Outcome:
    """Survey the dataset, fit the estimator batch by batch, judge it on held-out rows, and write it.

    The dataset is read once to survey it, once to take the rows that the model is judged on, and once for each step
    that is fitted.

    Args:
        spec: What was asked for; its `batch_rows` are set.
        learner: The unfitted estimator.
        dataset: The dataset's file or folder.
        model_path: Where to write the model.
        profile: As of `train`; it is given a sample of the rows.

    Raises:
        TrainingError: In the kinds that reading, fitting and writing raise.
    """
    _check_settings(spec)
    if problem := incremental_problem(learner.unfitted):
        raise IncrementalFitError(problem)
    batch_rows = spec.batch_rows or 0
    choice = MetricChoice(
        None if spec.metrics is None else find_metrics(spec.metrics), find_metrics(spec.require)
    )
    survey = survey_dataset(dataset, spec, batch_rows, learner.unfitted)
    choice.for_task(survey.task)
    check_positive_class(spec.positive_class, survey.task)
    if survey.classes is not None:
        positive = find_positive_class(spec.positive_class, survey.roles.target, survey.classes)
        choice = replace(choice, positive=positive)
    _check_columns(learner, survey)
    parting = Parting(
        partial(read_surveyed, dataset, spec, batch_rows, survey),
        rows=survey.rows,
        columns=len(survey.roles.features),
        test_size=spec.test_size,
        random_state=spec.random_state,
    )
    split = parting.sample(of_each_class=survey.classes is not None)
    check_task(learner.name, survey.task, split)
    with seeded_generators(spec.random_state):
        classes = None if survey.classes is None else list(survey.classes)
        model = fit_by_batches(learner, parting.learned_rows, classes)
        fitted = judge(learner, model, survey.task, split, choice)
    write_model(model, model_path, rows=split.test_features, trusted=spec.trusted)
    measured = [metric for metric in fitted.metrics if metric.name in fitted.evaluation.metrics]
    baseline = _measure_baseline(survey, split, measured, choice.positive)
    return Outcome(
        metrics=fitted.evaluation.metrics,
        left_out=fitted.evaluation.left_out,
        sections=_describe(spec, learner, survey, fitted) | {"baseline": baseline},
        notes=_notes(spec, survey, split),
        warnings=find_warning_signs(fitted, split, baseline, positive=choice.positive),
        model=model,
        held_out=fitted.held_out,
        profile=_profile(split, profile),
    )


def reads_itself_error(model: str) -> IncrementalFitError:
    """Tell that the code of a model is given all rows, or reads them itself."""
    problem = f"{model} is a script, or defines train or fit, which take all rows at once"
    return IncrementalFitError(f"{problem}; remove fit: incremental, or define build_model")


def _check_settings(spec: TrainingSpec) -> None:
    asked = {
        "evaluate.stratify": spec.stratify,
        "evaluate.time_column": spec.time_column,
        "evaluate.cross_validation": spec.cross_validation,
        "source.dates": spec.source.dates,
    }
    if refused := [key for key, value in asked.items() if value]:
        raise IncrementalFitError(
            f"{refused[0]} needs all rows at once, and fit: incremental holds a batch of them; remove it"
        )


def _check_columns(learner: BuiltEstimator, survey: Survey) -> None:
    """Check that a library's estimator is given numbers; what users' code builds may take anything."""
    from sklearn.utils import get_tags

    if learner.file is not None:
        return
    takes_gaps = get_tags(learner.unfitted).input_tags.allow_nan
    unusable = {
        name: str(survey.dtypes[name])
        for name in survey.roles.features
        if survey.dtypes[name].kind not in f"{NUMBERS}b"
    }
    if unusable:
        raise UnusableColumnsError(learner.name, "columns that are not numbers", unusable, _ADVICE)
    gaps = {
        name: f"{survey.gaps[name]} of {survey.rows} rows"
        for name in survey.roles.features
        if survey.gaps[name]
    }
    if gaps and not takes_gaps:
        raise UnusableColumnsError(learner.name, "missing values", gaps, _ADVICE)


def _measure_baseline(
    survey: Survey, split: Split, metrics: Sequence[Metric], positive: Any
) -> dict[str, float]:
    import pandas as pd

    held_out = split.test_target
    if survey.classes is None:
        learned_rows = survey.rows - len(held_out)
        mean = (survey.target_mean * survey.rows - held_out.sum()) / learned_rows
        return measure_baseline(survey.task, pd.Series([mean]), held_out, metrics)
    learned = Counter(survey.classes)
    learned.subtract(held_out.value_counts().to_dict())
    learned = +learned
    return measure_baseline(
        survey.task,
        pd.Series(list(learned)),
        held_out,
        metrics,
        weights=list(learned.values()),
        positive=positive,
    )


def _describe(spec: TrainingSpec, learner: BuiltEstimator, survey: Survey, fitted: Fitted) -> dict[str, Any]:
    held_out = len(fitted.held_out.actual)
    return {
        "data": describe_data(survey.rows, survey.dtypes, survey.roles),
        **describe_training(
            spec, fitted, train_rows=survey.rows - held_out, test_rows=held_out, seeded=learner.seeded
        ),
        "fit": {"mode": "incremental", "batch_rows": spec.batch_rows},
        "preprocess": None,
    }


def _notes(spec: TrainingSpec, survey: Survey, split: Split) -> tuple[str, ...]:
    notes = [f"The dataset was read in batches of {spec.batch_rows} rows, and never held as a whole."]
    if survey.rows * spec.test_size > most_rows_held_out(len(survey.roles.features)):
        notes.append(
            f"{len(split.test_target)} rows were held out, as many as are sure to fit into memory, and not the {spec.test_size:g} "
            "that evaluate.test_size asks for; the model learned from all others."
        )
        notes.append("The card's view of the dataset is of a sample of its rows.")
    return tuple(notes)


def _profile(split: Split, profile: Profiler | None) -> Any:
    import pandas as pd

    if profile is None:
        return None
    features = pd.concat([split.train_features, split.test_features], ignore_index=True)
    target = pd.concat([split.train_target, split.test_target], ignore_index=True)
    return profile(features.assign(**{str(target.name): target}), str(target.name))
