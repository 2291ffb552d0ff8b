"""Train an estimator that learns no target: read, split, fit, measure and save."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLUSTERING, UNSUPERVISED_METRICS
from refinery.training.data.category_words import may_hold_words
from refinery.training.data.column_types import check_types
from refinery.training.data.columns import check_groups, check_weights, choose_features
from refinery.training.data.contract import Contract, check_contract
from refinery.training.data.dates import check_dates
from refinery.training.data.numbers_as_text import check_numbers
from refinery.training.data.read import read_dataset
from refinery.training.errors import DatasetError, ModelCodeError
from refinery.training.evaluation.fitting import running
from refinery.training.evaluation.model_output import ask_values
from refinery.training.evaluation.positive_class import plain
from refinery.training.evaluation.row_parts import columns_of, take_parts
from refinery.training.evaluation.splitting import split_rows
from refinery.training.evaluation.unsupervised import (
    choose_names,
    measure,
    measure_stability,
    score_rows,
    split_halves,
)
from refinery.training.evaluation.unsupervised_signs import find_unsupervised_signs
from refinery.training.models.sample_weights import weight_problem
from refinery.training.output.data_sections import describe_data, describe_preparation, describe_split
from refinery.training.output.model_file import write_model
from refinery.training.output.result import FitResult
from refinery.training.seeding import seeded_generators
from refinery.training.trainers.prepared import warn_of_values
from refinery.training.trainers.whole import prepare_learner

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from refinery.spec.table_profile import TableProfile
    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.row_parts import Rows
    from refinery.training.evaluation.unsupervised import ScoredRows
    from refinery.training.models.estimators import Learner
    from refinery.training.output.extras import Profiler

_STABILITY = "stability"
_MOST_CLUSTERS = 100
_UNWEIGHTED = "weight: the fit is weighted, and the metrics count each row once."


@dataclass(frozen=True, slots=True)
class _Rows:
    """A checked dataset, split.

    Attributes:
        train: The training rows.
        test: The rows held out.
        weights: The weight of each row to learn from; None where all weigh the same.
        groups: The group of each row to learn from; None where the config names none.
        learner: The estimator, with what its columns need before it.
        preprocess: What was put before it; None where nothing was.
        data: What the manifest says of the dataset.
        warnings: What a person should look at, a sentence each.
        profile: The table at a glance; None where nobody asked for it.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    weights: np.ndarray[Any, Any] | None
    groups: pd.Series[Any] | None
    learner: Learner
    preprocess: dict[str, Any] | None
    data: dict[str, Any]
    warnings: tuple[str, ...]
    profile: TableProfile | None


def train_unsupervised(
    spec: TrainingSpec, learner: Learner, dataset: Path, model_path: Path, profile: Profiler | None = None
) -> FitResult:
    """Read the dataset, fit the estimator to a part of its rows, measure it on the others, and write it.

    Args:
        spec: What was asked for; its task is one without a target.
        learner: The unfitted estimator.
        dataset: The dataset's file or folder.
        model_path: The file to write the model to.
        profile: Summarizes the table of the features; None for no summary.

    Raises:
        TrainingError: The dataset cannot be read, or the estimator cannot be fitted or written.
    """
    task = str(spec.task)
    names = choose_names(spec, task)
    rows = _prepare(spec, learner, dataset, profile)
    learner = rows.learner
    spare = [learner.anew() for _ in range(2)] if _STABILITY in names else []
    with seeded_generators(spec.random_state), running(learner, "fit", rows.train):
        model = learner.fit(rows.train, None, rows.weights)
    held_out = score_rows(learner, model, rows.test, task)

    @cache
    def train_labels() -> np.ndarray[Any, Any]:
        with running(learner, "predict", rows.train):
            return ask_values(model, rows.train, task)

    found = measure((name for name in names if name != _STABILITY), held_out, train_labels)
    if spare:
        halves = split_halves(len(rows.train), rows.groups, spec.random_state)
        with seeded_generators(spec.random_state):
            found.add(
                _STABILITY, lambda: measure_stability(spare, rows.train, halves, held_out, rows.weights)
            )
    write_model(model, model_path, rows=rows.test, trusted=spec.trusted)
    done = describe_preparation(rows.data, spec.source.numbers, model, rows.preprocess)
    clusters = _describe_clusters(train_labels(), held_out) if task == CLUSTERING else {}
    return FitResult(
        metrics=found.metrics,
        left_out=found.left_out,
        sections={
            "data": {**rows.data, "prepared": done},
            **describe_split(
                spec, train_rows=len(rows.train), test_rows=len(rows.test), seeded=learner.seeded
            ),
            "evaluation": _describe_evaluation(task, found.metrics),
            **clusters,
            "preprocess": rows.preprocess,
        },
        notes=() if spec.weight is None else (_UNWEIGHTED,),
        warnings=(*find_unsupervised_signs(model, rows.train, held_out, found.metrics), *rows.warnings),
        model=model,
        held_out=held_out,
        profile=rows.profile,
    )


def _prepare(spec: TrainingSpec, learner: Learner, dataset: Path, profile: Profiler | None) -> _Rows:
    """Read the dataset, check it, and split it; the whole table is let go when this returns."""
    import pandas as pd

    read = read_dataset(dataset, spec.source)
    table = read.table
    if spec.expect:
        check_contract(table, Contract.from_dict(spec.expect))
    roles = choose_features(table, spec)
    check_types(dataset, table, None, roles.features)
    check_numbers(dataset, table, roles.features, spec.source, typed=read.typed)
    check_dates(dataset, table, roles.features, spec.source)
    features = table[list(roles.features)]
    texts = [name for name in roles.features if may_hold_words(table[name])]
    warnings = warn_of_values(spec, dataset, features, None, texts=texts, typed=read.typed)
    learner, preprocess = prepare_learner(spec, learner, features)
    used = pd.Series(data=True, index=table.index)
    times = None if roles.time is None else table[roles.time]
    groups = None if roles.group is None else table[roles.group]
    if groups is not None:
        check_groups(groups, used)
    weights = None
    if roles.weight is not None:
        check_weights(table[roles.weight], used)
        weights = table[roles.weight].to_numpy(dtype=float)
        if problem := weight_problem(learner.unfitted):
            raise ModelCodeError(f"{problem}.")
    train, test = split_rows(spec, used, times, groups)
    data = describe_data(
        len(table),
        {str(name): dtype for name, dtype in table.dtypes.items()},
        roles,
        read.dates,
        typed=read.typed,
    )
    summary = profile(features, None) if profile else None
    columns, labels = columns_of(features), [table.index.take(part) for part in (train, test)]
    train_groups = None if groups is None else groups.iloc[train]
    del read, table, features, times, groups  # so that the split can let go of each column
    train_rows, test_rows = take_parts(columns, (train, test), labels)
    return _Rows(
        train_rows,
        test_rows,
        _weights_of(weights, train),
        train_groups,
        learner,
        preprocess,
        data,
        warnings,
        summary,
    )


def _weights_of(weights: np.ndarray[Any, Any] | None, rows: Rows) -> np.ndarray[Any, Any] | None:
    if weights is None:
        return None
    if not weights[rows].any():
        raise DatasetError(
            f"weight: all {len(rows)} training rows have the weight 0; change evaluate.test_size."
        )
    return weights[rows]


def _describe_evaluation(task: str, metrics: dict[str, float]) -> dict[str, Any]:
    measured = [metric for metric in UNSUPERVISED_METRICS[task] if metric.name in metrics]
    return {
        "task": task,
        "positive_class": None,
        "definitions": {metric.name: metric.definition for metric in measured},
        "lower_is_better": [metric.name for metric in measured if metric.higher_is_better is False],
        "without_direction": [metric.name for metric in measured if metric.higher_is_better is None],
    }


def _describe_clusters(train_labels: np.ndarray[Any, Any], held_out: ScoredRows) -> dict[str, Any]:
    """Return how many rows are in each of the largest clusters."""
    import pandas as pd

    train = pd.Series(train_labels).value_counts()
    test = pd.Series(held_out.predicted).value_counts()
    order = train.index.union(test.index)
    sizes = [
        {"cluster": plain(name), "train_rows": int(train.get(name, 0)), "test_rows": int(test.get(name, 0))}
        for name in order
    ]
    largest = sorted(sizes, key=lambda one: -one["train_rows"])[:_MOST_CLUSTERS]
    return {"clusters": [one for one in sizes if one in largest]}
