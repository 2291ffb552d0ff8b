"""Measures a model that ignores the features, so that a useless model is seen beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.evaluation import Predictions, evaluate
from include.training.metrics import REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.training.metrics import Metric
    from include.training.splitting import Split


def measure_baseline(task: str, split: Split, metrics: Sequence[Metric]) -> dict[str, float]:
    """Give the metrics of predicting always the mean, or always the most frequent class by its share of the rows.

    Both are learned from the rows to learn from and measured on those held out. A metric without a value is left out.
    """
    import numpy as np
    from sklearn.dummy import DummyClassifier, DummyRegressor

    train, test = np.zeros((len(split.train_target), 1)), np.zeros((len(split.test_target), 1))
    if task == REGRESSION:
        regressor = DummyRegressor().fit(train, split.train_target)
        return evaluate(task, split.test_target, Predictions(regressor.predict(test)), metrics).metrics
    classifier = DummyClassifier(strategy="prior").fit(train, split.train_target)
    predictions = Predictions(
        np.asarray(classifier.predict(test)), tuple(classifier.classes_), classifier.predict_proba(test)
    )
    return evaluate(task, split.test_target, predictions, metrics).metrics
