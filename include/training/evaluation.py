"""Judges predictions of rows that the model has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

REGRESSION = "regression"
CLASSIFICATION = "classification"

# With two classes, the one that sorts last is the positive one, as in scikit-learn.
_BINARY = 2
# R2 compares with the rows' mean, which needs another row.
_FEWEST_ROWS_FOR_R2 = 2


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a fitted model says of rows.

    Attributes:
        values: The predicted value or class of each row.
        classes: The classes that the model knows, sorted; none for a regressor.
        scores: For each row the probability of each class, or, of two classes, any score of the one that sorts
            last; None where the model gives none.
    """

    values: np.ndarray[Any, Any]
    classes: tuple[Any, ...] = ()
    scores: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model predicts held-out rows.

    Attributes:
        task: "regression" or "classification".
        metrics: Each metric's value; all are finite.
        definitions: How a metric that has several common meanings was computed.
        notes: Metrics that were left out, and why.
    """

    task: str
    metrics: dict[str, float]
    definitions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def evaluate(task: str, target: pd.Series[Any], predictions: Predictions) -> Evaluation:
    """Compare predictions with what was so.

    Regression: mae, mse, rmse; r2 where two rows or more are held out. Classification: accuracy; f1; roc_auc where
    the model gives scores, and its classes are those of the rows. With two classes f1 and roc_auc are those of the
    class that sorts last; with more, f1 is the mean weighted by the classes' rows and roc_auc the mean over each
    class against the rest.
    """
    judge = _evaluate_regression if task == REGRESSION else _evaluate_classification
    evaluation = judge(target, predictions)
    metrics, notes = split_finite(evaluation.metrics)
    return replace(evaluation, metrics=metrics, notes=evaluation.notes + notes)


def split_finite(metrics: Mapping[str, float]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Part the metrics that are numbers from those that are not: these become notes, since no gate can judge them."""
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    return finite, tuple(
        f"{name} is left out: it is {metrics[name]}" for name in metrics if name not in finite
    )


def _evaluate_regression(target: pd.Series[Any], predictions: Predictions) -> Evaluation:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    squared_error = float(mean_squared_error(target, predictions.values))
    metrics = {
        "mae": float(mean_absolute_error(target, predictions.values)),
        "mse": squared_error,
        "rmse": squared_error**0.5,
    }
    if len(target) < _FEWEST_ROWS_FOR_R2:
        return Evaluation(REGRESSION, metrics, notes=("r2 is left out: it needs two held-out rows or more",))
    return Evaluation(REGRESSION, metrics | {"r2": float(r2_score(target, predictions.values))})


def _evaluate_classification(target: pd.Series[Any], predictions: Predictions) -> Evaluation:
    from sklearn.metrics import accuracy_score, f1_score

    seen = sorted({*predictions.classes, *target.unique()})
    averaging: dict[str, Any] = {"average": "weighted"}
    definitions = {"f1": "mean over the classes, weighted by their rows"}
    if len(seen) == _BINARY:
        averaging = {"pos_label": seen[-1]}
        definitions = {"f1": f"of class {seen[-1]}"}
    metrics = {
        "accuracy": float(accuracy_score(target, predictions.values)),
        "f1": float(f1_score(target, predictions.values, zero_division=0.0, **averaging)),
    }
    if problem := _roc_auc_problem(target, predictions):
        return Evaluation(CLASSIFICATION, metrics, definitions, (f"roc_auc is left out: {problem}",))
    roc_auc, definition = _roc_auc(target, predictions)
    return Evaluation(CLASSIFICATION, metrics | {"roc_auc": roc_auc}, definitions | {"roc_auc": definition})


def _roc_auc_problem(target: pd.Series[Any], predictions: Predictions) -> str | None:
    held_out = set(target.unique())
    if absent := [str(name) for name in predictions.classes if name not in held_out]:
        return f"no held-out row is of class {', '.join(absent)}"
    if unknown := [str(name) for name in sorted(held_out.difference(predictions.classes))]:
        return f"no row to learn from is of class {', '.join(unknown)}"
    return "the model gives no probabilities" if predictions.scores is None else None


def _roc_auc(target: pd.Series[Any], predictions: Predictions) -> tuple[float, str]:
    from sklearn.metrics import roc_auc_score

    classes, scores = predictions.classes, predictions.scores
    if len(classes) == _BINARY:
        return float(roc_auc_score(target == classes[-1], scores)), f"of class {classes[-1]}"
    score = roc_auc_score(target, scores, multi_class="ovr", labels=list(classes))
    return float(score), "mean over the classes, each against the rest"
