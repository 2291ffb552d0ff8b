"""Writes the sections of a manifest that tell how an estimator was trained and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.training.positive_class import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.training.columns import Roles
    from include.training.fitting import Fitted
    from include.training.spec import TrainingSpec


def describe_data(rows: int, dtypes: Mapping[str, Any], roles: Roles) -> dict[str, Any]:
    """Tell what the dataset is.

    Args:
        rows: How many rows it has.
        dtypes: pandas' type of each column.
        roles: What the columns are for.
    """
    return {
        "rows": rows,
        "columns": len(dtypes),
        "target": {"name": roles.target, "dtype": str(dtypes[roles.target])},
        "features": [{"name": name, "dtype": str(dtypes[name])} for name in roles.features],
        "left_out": roles.left_out,
    }


def describe_training(
    spec: TrainingSpec, fitted: Fitted, *, train_rows: int, test_rows: int, seeded: Sequence[str]
) -> dict[str, Any]:
    """Tell how the rows were parted, what was seeded, what was expected and how the model was judged.

    Args:
        spec: What was asked for.
        fitted: The judged model.
        train_rows: How many rows it learned from.
        test_rows: How many were held out.
        seeded: The estimator's params that were set to the seed.
    """
    return {
        "split": {
            "test_size": spec.test_size,
            "random_state": spec.random_state,
            "stratify": bool(spec.stratify),
            "time_column": spec.time_column,
            "train_rows": train_rows,
            "test_rows": test_rows,
        },
        "seeds": {"random_state": spec.random_state, "set_on_estimator": list(seeded)},
        "expect": {"rules": dict(spec.expect), "passed": True} if spec.expect else None,
        "evaluation": {
            "task": fitted.evaluation.task,
            "positive_class": plain(fitted.evaluation.positive),
            "definitions": fitted.evaluation.definitions,
            "lower_is_better": [metric.name for metric in fitted.metrics if not metric.higher_is_better],
        },
    }
