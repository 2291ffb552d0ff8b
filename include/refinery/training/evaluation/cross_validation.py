"""Fit and evaluate a model on several parts of the data, to see how much its metrics depend on chance."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.training.evaluation.fitting import fit_and_evaluate
from refinery.training.evaluation.row_parts import columns_of
from refinery.training.evaluation.splitting import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from refinery.training.evaluation.inner_split import RowRules
    from refinery.training.evaluation.metrics import MetricChoice
    from refinery.training.evaluation.row_parts import Rows
    from refinery.training.models.estimators import Learner


@dataclass(frozen=True, slots=True)
class Spread:
    """A model's metrics over the folds of a cross-validation.

    Attributes:
        folds: How many folds there were.
        mean: Each metric's mean over the folds.
        spread: Each metric's standard deviation over the folds.
    """

    folds: int
    mean: dict[str, float]
    spread: dict[str, float]


def cross_validate(
    learner: Learner,
    features: pd.DataFrame,
    target: pd.Series[Any],
    folds: Sequence[tuple[Rows, Rows]],
    choice: MetricChoice,
    *,
    weights: np.ndarray[Any, Any] | None = None,
    rules: RowRules | None = None,
) -> Spread:
    """Fit and evaluate a model for each fold; a metric that has no value in a fold is left out.

    Args:
        learner: What makes the models.
        features: The features.
        target: The target.
        folds: The training rows and to evaluate on for each fold.
        choice: The metrics.
        weights: The weight of each row; None where all weigh the same.
        rules: How the training rows may be split again; None where nothing asks for it.

    Raises:
        TrainingError: A fit or an evaluation fails, as in `fit_and_evaluate`.
    """
    measured = [
        fit_and_evaluate(
            learner.anew(), Split.of(columns_of(features), target, *fold, weights, rules=rules), choice
        ).evaluation.metrics
        for fold in folds
    ]
    names = [name for name in measured[0] if all(name in metrics for metrics in measured)]
    values = {name: [metrics[name] for metrics in measured] for name in names}
    return Spread(
        len(folds),
        {name: statistics.fmean(values[name]) for name in names},
        {name: statistics.stdev(values[name]) for name in names},
    )
