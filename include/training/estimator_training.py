"""Trains an estimator: Refinery reads, splits, fits, judges and saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.training.columns import Roles, check_target, choose_roles
from include.training.datasets import read_dataset
from include.training.fitting import Split, fit_and_evaluate, split_rows
from include.training.model_file import write_model
from include.training.numbers_as_text import check_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from include.training.estimators import BuiltEstimator
    from include.training.spec import TrainingSpec


def train_estimator(
    spec: TrainingSpec, built: BuiltEstimator, dataset: Path, model_path: Path
) -> dict[str, Any]:
    """Read the dataset, fit the estimator, judge it on held-out rows, and write it.

    Returns:
        What the manifest says of data, split, seeds, evaluation, metrics and notes.

    Raises:
        TrainingError: In the kinds that reading, fitting and writing raise.
    """
    split, data = _read_split(spec, dataset)
    evaluation = fit_and_evaluate(built, split)
    write_model(built.estimator, model_path)
    return {
        "data": data,
        "split": {
            "test_size": spec.test_size,
            "random_state": spec.random_state,
            "train_rows": len(split.train_target),
            "test_rows": len(split.test_target),
        },
        "seeds": {"random_state": spec.random_state, "set_on_estimator": list(built.seeded)},
        "evaluation": {"task": evaluation.task, "definitions": evaluation.definitions},
        "metrics": evaluation.metrics,
        "notes": list(evaluation.notes),
    }


def _read_split(spec: TrainingSpec, dataset: Path) -> tuple[Split, dict[str, Any]]:
    # The whole table is let go when this returns: only its two parts stay in memory.
    read = read_dataset(dataset, spec.source)
    table = read.table
    roles = choose_roles(table, spec)
    if not read.typed:
        check_numbers(dataset, table, (roles.target, *roles.features), spec.source)
    check_target(table[roles.target])
    split = split_rows(table[list(roles.features)], table[roles.target], spec.test_size, spec.random_state)
    return split, _describe_data(table, roles)


def _describe_data(table: Any, roles: Roles) -> dict[str, Any]:
    dtypes = table.dtypes
    return {
        "rows": len(table),
        "columns": len(table.columns),
        "target": {"name": roles.target, "dtype": str(dtypes[roles.target])},
        "features": [{"name": name, "dtype": str(dtypes[name])} for name in roles.features],
        "left_out": roles.left_out,
    }
