"""Prepare a dataset that fits in memory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from refinery.training.data.category_words import find_null_words, may_hold_words
from refinery.training.data.column_types import check_types
from refinery.training.data.columns import (
    check_groups,
    check_target,
    check_weights,
    choose_roles,
    rows_with_target,
    without_empty,
)
from refinery.training.data.contract import Contract, check_contract
from refinery.training.data.dates import check_dates
from refinery.training.data.numbers_as_text import check_numbers
from refinery.training.data.read import read_dataset
from refinery.training.errors import ModelCodeError
from refinery.training.evaluation.cross_validation import cross_validate
from refinery.training.evaluation.fit_rows import splits_again
from refinery.training.evaluation.fitting import find_task, fit_and_evaluate
from refinery.training.evaluation.grouped_rows import warn_of_groups
from refinery.training.evaluation.inner_split import RowRules
from refinery.training.evaluation.positive_class import check_positive_class, find_positive_class
from refinery.training.evaluation.row_parts import columns_of
from refinery.training.evaluation.splitting import Split, split_folds, split_rows
from refinery.training.models.estimators import BuiltEstimator
from refinery.training.models.preprocessing import with_preprocessing
from refinery.training.models.sample_weights import weight_problem
from refinery.training.output.data_sections import describe_data
from refinery.training.seeding import seed_estimator, seeded_generators
from refinery.training.trainers.prepared import Prepared, warn_of_values

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.metrics import MetricChoice
    from refinery.training.models.estimators import Learner
    from refinery.training.output.extras import Profiler


def prepare_whole(
    spec: TrainingSpec, learner: Learner, dataset: Path, choice: MetricChoice, profile: Profiler | None
) -> Prepared:
    """Read the dataset, check it, and split it; the whole table is let go when this returns.

    Raises:
        TrainingError: The dataset cannot be read or learned from, or cross-validation fails.
    """
    import pandas as pd

    read = read_dataset(dataset, spec.source)
    table = read.table
    if spec.expect:
        check_contract(table, Contract.from_dict(spec.expect))
    roles = choose_roles(table, spec)
    table = rows_with_target(table, roles.target, spec.missing_target, typed=read.typed)
    roles = without_empty(roles, table, spec)
    names = (roles.target, *roles.features)
    check_types(dataset, table, roles.target, roles.features)
    check_numbers(dataset, table, names, spec.source, typed=read.typed)
    check_dates(dataset, table, roles.features, spec.source)
    features, target = table[list(roles.features)], table[roles.target]
    check_target(target, partial(find_null_words, dataset, spec.source))
    texts = [name for name in names if may_hold_words(read.table[name])]
    warnings = warn_of_values(spec, dataset, features, target, texts=texts, typed=read.typed)
    if learner.unfitted is not None:
        check_positive_class(spec.positive_class, find_task(learner.unfitted, target, choice))
    if spec.positive_class is not None:
        positive = find_positive_class(spec.positive_class, roles.target, target.unique())
        choice = replace(choice, positive=positive)
    learner, preprocess = prepare_learner(spec, learner, features)
    times = None if roles.time is None else table[roles.time]
    groups = None if roles.group is None else table[roles.group]
    if roles.group is not None:
        check_groups(read.table[roles.group], read.table[roles.target].notna())
    weights = None
    if roles.weight is not None:
        check_weights(read.table[roles.weight], read.table[roles.target].notna())
        weights = table[roles.weight].to_numpy(dtype=float)
        if learner.unfitted is not None and (problem := weight_problem(learner.unfitted)):
            raise ModelCodeError(f"{problem}.")
    rules = RowRules(spec, times, groups) if splits_again(spec) else None
    rows = split_rows(spec, target, times, groups)
    if times is None and groups is None:
        task = find_task(learner.unfitted, target, choice)
        warnings = (*warnings, *warn_of_groups(table, roles, rows, task))
    spread = (
        _cross_validate(
            spec,
            learner,
            features,
            target,
            times=times,
            groups=groups,
            weights=weights,
            rules=rules,
            choice=choice,
        )
        if spec.cross_validation
        else {}
    )
    data = describe_data(
        len(table),
        {str(name): dtype for name, dtype in table.dtypes.items()},
        roles,
        read.dates,
        typed=read.typed,
        dropped=len(read.table) - len(table),
    )
    # No value is copied for it: pandas shares the columns until one is written to.
    summary = profile(pd.concat([features, target], axis="columns"), roles.target) if profile else None
    columns = columns_of(features)
    train_times, train_groups = (None if keys is None else keys.iloc[rows[0]] for keys in (times, groups))
    del read, table, features, times, groups  # so that the split can let go of each column
    split = Split.of(columns, target, *rows, weights, rules=rules)
    return Prepared(
        learner,
        choice,
        split,
        partial(fit_and_evaluate, learner, split, choice),
        train_rows=len(split.train_target),
        train_target=split.train_target,
        weights=split.train_weights,
        data=data,
        preprocess=preprocess,
        warnings=warnings,
        sections={"preprocess": preprocess, **spread},
        profile=summary,
        train_times=train_times,
        train_groups=train_groups,
    )


def prepare_learner(
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


def _cross_validate(
    spec: TrainingSpec,
    learner: Learner,
    features: pd.DataFrame,
    target: pd.Series[Any],
    *,
    times: pd.Series[Any] | None,
    groups: pd.Series[Any] | None,
    weights: np.ndarray[Any, Any] | None,
    rules: RowRules | None,
    choice: MetricChoice,
) -> dict[str, Any]:
    folds = split_folds(spec, find_task(learner.unfitted, target, choice), target, times, groups)
    with seeded_generators(spec.random_state):
        spread = cross_validate(learner, features, target, folds, choice, weights=weights, rules=rules)
    return {"cross_validation": {"folds": spread.folds, "mean": spread.mean}, "spread": spread.spread}
