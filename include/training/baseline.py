"""Measures a model that ignores the features, so that a useless model is seen beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.training.evaluation import Predictions, evaluate
from include.training.metrics import REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.training.metrics import Metric


def measure_baseline(
    task: str,
    learned: pd.Series[Any],
    held_out: pd.Series[Any],
    metrics: Sequence[Metric],
    *,
    weights: Sequence[int] | None = None,
    positive: Any = None,
) -> dict[str, float]:
    """Give the metrics of predicting always the mean, or always the most frequent class by its share of the rows.

    A metric without a value is left out.

    Args:
        task: "regression" or "classification".
        learned: The target of the rows to learn from.
        held_out: The target of those held out, which it is measured on.
        metrics: What to measure.
        weights: How many rows each of `learned` stands for; None is one.
        positive: As of `evaluate`.
    """
    import numpy as np
    from sklearn.dummy import DummyClassifier, DummyRegressor

    train, test = np.zeros((len(learned), 1)), np.zeros((len(held_out), 1))
    if task == REGRESSION:
        regressor = DummyRegressor().fit(train, learned, sample_weight=weights)
        return evaluate(task, held_out, Predictions(regressor.predict(test)), metrics).metrics
    classifier = DummyClassifier(strategy="prior").fit(train, learned, sample_weight=weights)
    predictions = Predictions(
        np.asarray(classifier.predict(test)), tuple(classifier.classes_), classifier.predict_proba(test)
    )
    return evaluate(task, held_out, predictions, metrics, positive).metrics
