"""Judges a fitted estimator on rows that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# With two classes, one can be named the positive one.
_BINARY = 2
# R2 compares with the mean, which needs another row.
_FEWEST_ROWS_FOR_R2 = 2

REGRESSION = "regression"
CLASSIFICATION = "classification"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model predicts the held-out rows.

    Attributes:
        task: "regression" or "classification".
        metrics: Each metric's value; all are finite.
        definitions: How a metric that has several common meanings was computed.
        notes: Metrics that were left out, and why.
    """

    task: str
    metrics: dict[str, float]
    definitions: dict[str, str]
    notes: tuple[str, ...] = ()


def find_task(estimator: Any, target: pd.Series[Any]) -> str:
    """Tell what an estimator does; one that does not declare it is judged by the target's type."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    declared = _declared_task(estimator)
    if declared in (REGRESSION, CLASSIFICATION):
        return declared
    numeric = is_numeric_dtype(target.dtype) and not is_bool_dtype(target.dtype)
    return REGRESSION if numeric else CLASSIFICATION


def evaluate(estimator: Any, task: str, features: pd.DataFrame, target: pd.Series[Any]) -> Evaluation:
    """Predict the features and compare with the target.

    Regression: mae, mse, rmse, and r2 where two rows or more are held out. Classification: accuracy; f1, of the
    class that sorts last where there are two, else the mean weighted by each class's rows; roc_auc where the estimator gives scores and
    all its classes are among the rows: of the class that sorts last where there are two, else the mean over each class against the rest.
    """
    predicted = estimator.predict(features)
    if task == REGRESSION:
        return _evaluate_regression(target, predicted)
    return _evaluate_classification(estimator, features, target, predicted)


def _declared_task(estimator: Any) -> str | None:
    from sklearn.base import is_classifier, is_regressor

    try:
        return REGRESSION if is_regressor(estimator) else CLASSIFICATION if is_classifier(estimator) else None
    except AttributeError:  # an estimator of one's own, without scikit-learn's base class
        return {"regressor": REGRESSION, "classifier": CLASSIFICATION}.get(
            getattr(estimator, "_estimator_type", "")
        )


def _evaluate_regression(target: pd.Series[Any], predicted: Any) -> Evaluation:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    squared_error = float(mean_squared_error(target, predicted))
    metrics = {
        "mae": float(mean_absolute_error(target, predicted)),
        "mse": squared_error,
        "rmse": squared_error**0.5,
    }
    if len(target) < _FEWEST_ROWS_FOR_R2:
        return Evaluation(REGRESSION, metrics, {}, ("r2 is left out: it needs two held-out rows or more",))
    return Evaluation(REGRESSION, metrics | {"r2": float(r2_score(target, predicted))}, {})


def _evaluate_classification(
    estimator: Any, features: pd.DataFrame, target: pd.Series[Any], predicted: Any
) -> Evaluation:
    from sklearn.metrics import accuracy_score, f1_score

    classes = list(getattr(estimator, "classes_", sorted(set(target))))
    f1, f1_definition = (
        ({"pos_label": classes[1]}, f"of the class {classes[1]!s}")
        if len(classes) == _BINARY
        else ({"average": "weighted"}, "mean over the classes, weighted by their rows")
    )
    metrics = {
        "accuracy": float(accuracy_score(target, predicted)),
        "f1": float(f1_score(target, predicted, zero_division=0.0, **f1)),
    }
    definitions = {"f1": f1_definition}
    roc_auc, note = _roc_auc(estimator, classes, features, target)
    if roc_auc is None:
        return Evaluation(CLASSIFICATION, metrics, definitions, (f"roc_auc is left out: {note}",))
    return Evaluation(CLASSIFICATION, metrics | {"roc_auc": roc_auc}, definitions | {"roc_auc": note})


def _roc_auc(
    estimator: Any, classes: list[Any], features: pd.DataFrame, target: pd.Series[Any]
) -> tuple[float | None, str]:
    from sklearn.metrics import roc_auc_score

    absent = [str(value) for value in classes if value not in set(target)]
    if absent:
        return None, f"no held-out row is of class {', '.join(absent)}"
    binary = len(classes) == _BINARY
    if hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(features)
        scores = scores[:, 1] if binary else scores
    elif binary and hasattr(estimator, "decision_function"):
        scores = estimator.decision_function(features)
    else:
        return None, "the model gives no probabilities"
    if binary:
        return float(roc_auc_score(target == classes[1], scores)), f"of the class {classes[1]!s}"
    score = roc_auc_score(target, scores, multi_class="ovr", labels=classes)
    return float(score), "mean over the classes, each against the rest"
