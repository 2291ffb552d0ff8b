"""Evaluate predictions of rows that the model has not seen."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.training.evaluation.metrics import MetricChoice
from refinery.training.evaluation.precomputed import Predictions, precompute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from refinery.training.evaluation.metrics import Metric
    from refinery.training.evaluation.precomputed import PrecomputedEstimator

__all__ = [
    "CLASSIFICATION",
    "REGRESSION",
    "Evaluation",
    "HeldOut",
    "Predictions",
    "evaluate",
    "split_finite",
]

_BINARY = 2
# R2 compares with the rows' mean, which needs another row.
_FEWEST_ROWS_FOR_R2 = 2
# These scorers refuse more than two classes: the scorer to use instead, and how it averages.
_OF_ONE_CLASS = {
    "f1": ("f1_weighted", "mean over the classes, weighted by their rows"),
    "jaccard": ("jaccard_weighted", "mean over the classes, weighted by their rows"),
    "precision": ("precision_weighted", "mean over the classes, weighted by their rows"),
    "recall": ("recall_weighted", "mean over the classes, weighted by their rows"),
    "roc_auc": ("roc_auc_ovr", "mean over the classes, each against the rest"),
}


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The rows that a model was evaluated on, and its predictions.

    Attributes:
        features: The rows' features.
        actual: The rows' target, named as its column.
        predicted: What the model predicts.
        scores: The same as `Predictions.scores`.
        classes: The classes that the model knows, in the order of the scores; None for a regressor.
        task: "regression" or "classification".
        positive: Which of two classes counts as positive; None where there are not two.
        weights: The rows' weights; None where all weigh the same.
    """

    features: pd.DataFrame
    actual: pd.Series[Any]
    predicted: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any] | None
    classes: list[Any] | None
    task: str
    positive: Any = None
    weights: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model predicts held-out rows.

    Attributes:
        task: "regression" or "classification".
        metrics: Each metric's value; all are finite.
        definitions: How a metric that has several common meanings was computed.
        left_out: Metrics that have no value, each with the reason.
        positive: Which of two classes counts as positive; None where there are not two.
    """

    task: str
    metrics: dict[str, float]
    definitions: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    positive: Any = None

    @property
    def notes(self) -> tuple[str, ...]:
        """The metrics that are left out, a sentence each."""
        return tuple(f"{name} is left out: {reason}" for name, reason in self.left_out.items())


def evaluate(
    task: str,
    target: pd.Series[Any],
    predictions: Predictions,
    metrics: Sequence[Metric] | None = None,
    positive: Any = None,
    *,
    weights: np.ndarray[Any, Any] | None = None,
) -> Evaluation:
    """Compare predictions with the actual target.

    With two classes, metrics of one class, such as f1 and roc_auc, are those of the positive one; with more, f1,
    jaccard, precision and recall are the mean weighted by the classes' rows, and roc_auc the mean over each class
    against the rest.

    Args:
        task: "regression" or "classification".
        target: The actual target.
        predictions: The model's predictions.
        metrics: What to measure; None for the task's usual metrics.
        positive: Which of two classes counts as positive; None for the one that sorts last, as in scikit-learn.
        weights: The rows' weights; None where all weigh the same.
    """
    metrics = MetricChoice().for_task(task) if metrics is None else metrics
    order = [] if task == REGRESSION else _all_classes(target, predictions)
    if is_binary := len(order) == _BINARY:
        order.sort(key=lambda known: positive is not None and bool(known == positive))
        predictions = predictions.with_last(order[-1])
    model, actual = precompute(task, target, predictions, order)
    evaluation = Evaluation(task, {}, positive=order[-1] if is_binary else None)
    for metric in metrics:
        scorer, definition = _define(metric, order)
        value, problem = _measure(scorer, model, actual, weights)
        if model.asked_for_scores:
            problem = _scores_problem(target, predictions) or problem
        if problem:
            evaluation.left_out[metric.name] = problem
            continue
        # Zero times -1 is a negative zero.
        evaluation.metrics[metric.name] = value if metric.higher_is_better else -value + 0.0
        if definition:
            evaluation.definitions[metric.name] = definition
    return evaluation


def split_finite(metrics: Mapping[str, float]) -> tuple[dict[str, float], dict[str, str]]:
    """Split metrics into finite ones and those that no gate can compare, each with the reason."""
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    return finite, {name: f"it is {value}" for name, value in metrics.items() if name not in finite}


def _define(metric: Metric, order: list[Any]) -> tuple[str, str]:
    if metric.scorer in _OF_ONE_CLASS and len(order) > _BINARY:
        return _OF_ONE_CLASS[metric.scorer]
    if len(order) == _BINARY and metric.scorer in (*_OF_ONE_CLASS, "average_precision"):
        return metric.scorer, f"of class {order[-1]}"
    return metric.scorer, ""


def _measure(scorer: str, model: PrecomputedEstimator, actual: Any, weights: Any) -> tuple[float, str]:
    """Return a scorer's value, or the reason why there is none."""
    from sklearn.metrics import get_scorer

    model.asked_for_scores = False
    if scorer == "r2" and len(actual) < _FEWEST_ROWS_FOR_R2:
        return 0.0, "it needs two held-out rows or more"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what has no value is reported as left out
        try:
            value = float(get_scorer(scorer)(model, actual, actual, sample_weight=weights))
        except (ValueError, TypeError, AttributeError) as error:
            return 0.0, str(error).partition("\n")[0]
    return value, "" if math.isfinite(value) else f"it is {abs(value)}"


def _scores_problem(target: pd.Series[Any], predictions: Predictions) -> str:
    held_out = set(target.unique())
    if absent := [str(name) for name in predictions.classes if name not in held_out]:
        return f"no held-out row is of class {', '.join(absent)}"
    if unknown := [str(name) for name in _sorted(held_out.difference(predictions.classes))]:
        return f"no row to learn from is of class {', '.join(unknown)}"
    return "the model gives no probabilities" if predictions.scores is None else ""


def _all_classes(target: pd.Series[Any], predictions: Predictions) -> list[Any]:
    import pandas as pd

    return _sorted({*predictions.classes, *target.unique(), *pd.unique(predictions.values)})


def _sorted(classes: set[Any]) -> list[Any]:
    try:
        return sorted(classes)
    except TypeError:  # a user's model may predict text where the target holds numbers
        return sorted(classes, key=str)
