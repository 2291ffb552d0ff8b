"""Fits and judges a model on several parts of the data, to see how much its metrics depend on chance."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.fitting import fit_and_evaluate
from include.training.splitting import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.training.estimators import Learner
    from include.training.metrics import MetricChoice
    from include.training.splitting import Rows


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
) -> Spread:
    """Fit a model for each fold and judge it there; a metric that has no value in a fold is left out.

    Raises:
        TrainingError: In the kinds that `fit_and_evaluate` raises.
    """
    measured = [
        fit_and_evaluate(learner.anew(), Split.of(features, target, *fold), choice).evaluation.metrics
        for fold in folds
    ]
    names = [name for name in measured[0] if all(name in metrics for metrics in measured)]
    values = {name: [metrics[name] for metrics in measured] for name in names}
    return Spread(
        len(folds),
        {name: statistics.fmean(values[name]) for name in names},
        {name: statistics.stdev(values[name]) for name in names},
    )
