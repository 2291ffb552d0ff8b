"""Measure a model that ignores the features, so that a useless model stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import REGRESSION
from refinery.training.evaluation.precomputed import Predictions
from refinery.training.evaluation.scores import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    from refinery.training.evaluation.metrics import Metric


def measure_baseline(
    task: str,
    learned: pd.Series[Any],
    held_out: pd.Series[Any],
    metrics: Sequence[Metric],
    *,
    weights: Sequence[float] | np.ndarray[Any, Any] | None = None,
    test_weights: np.ndarray[Any, Any] | None = None,
    positive: Any = None,
) -> dict[str, float]:
    """Return the metrics of always predicting the mean, or the most frequent class with each class's share as probability.

    A metric without a value is left out.

    Args:
        task: "regression" or "classification".
        learned: The target of the training rows.
        held_out: The target of the rows held out, which it is measured on.
        metrics: What to measure.
        weights: How many rows each of `learned` stands for; None is one.
        test_weights: The weights of the rows held out; None where all weigh the same.
        positive: The positive class, as for `evaluate`.
    """
    import numpy as np
    from sklearn.dummy import DummyClassifier, DummyRegressor

    train, test = np.zeros((len(learned), 1)), np.zeros((len(held_out), 1))
    if task == REGRESSION:
        regressor = DummyRegressor().fit(train, learned, sample_weight=weights)
        return evaluate(
            task, held_out, Predictions(regressor.predict(test)), metrics, weights=test_weights
        ).metrics
    classifier = DummyClassifier(strategy="prior").fit(train, learned, sample_weight=weights)
    predictions = Predictions(
        np.asarray(classifier.predict(test)), tuple(classifier.classes_), classifier.predict_proba(test)
    )
    return evaluate(task, held_out, predictions, metrics, positive, weights=test_weights).metrics
