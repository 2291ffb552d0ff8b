"""Count what a classifier gets right and wrong on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from refinery.card.held_out import HeldOut

BINARY = 2
_MATRIX = 2  # scores with a column for each class
_BINS = 10
# A share of fewer rows than this says nothing.
_FEWEST_ROWS_PER_BIN = 5
MOST_CURVES = 40
_CURVE_POINTS = 150
_Z = 1.96  # 95 percent of a normal distribution


@dataclass(frozen=True, slots=True)
class Classified:
    """Held-out rows as positions in one list of classes.

    Attributes:
        labels: The classes' texts: those that the model knows, then those that it has never seen.
        actual: Each row's class.
        predicted: Each row's predicted class.
        scores: A column for each class that the model knows; None if it gives none.
        probabilities: Whether the scores are probabilities.
    """

    labels: tuple[str, ...]
    actual: np.ndarray[Any, Any]
    predicted: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any] | None
    probabilities: bool

    @classmethod
    def from_held_out(cls, model: Any, held_out: HeldOut) -> Classified:
        """Find each row's classes among those of the model."""
        import numpy as np
        import pandas as pd

        known = list(held_out.classes if held_out.classes is not None else [])
        actual, predicted = (
            np.asarray(values).astype(object) for values in (held_out.actual, held_out.predicted)
        )
        seen = sorted(set(pd.unique(np.concatenate([actual, predicted]))).difference(known), key=str)
        index = {value: position for position, value in enumerate([*known, *seen])}
        scores = _one_column_per_class(held_out.scores, len(known))
        return cls(
            tuple(str(value) for value in index),
            np.array([index[value] for value in actual], dtype=int),
            np.array([index[value] for value in predicted], dtype=int),
            scores,
            hasattr(model, "predict_proba") and scores is not None and _within_one(scores),
        )


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How well one class is found.

    Attributes:
        label: The class.
        rows: The held-out rows of it.
        precision: The share of right ones among the rows predicted as it; None if there are none.
        recall: The share of its rows that are found; None if it has none.
        roc_auc: How well scores separate it from the rest; None if that cannot be computed.
    """

    label: str
    rows: int
    precision: float | None
    recall: float | None
    roc_auc: float | None


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to a single bool
class RocCurve:
    """The rates of false and true positives over all thresholds, of one class against the rest."""

    label: str
    false_positives: np.ndarray[Any, Any]
    true_positives: np.ndarray[Any, Any]
    area: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows of about the same predicted probability.

    Attributes:
        predicted: Their mean predicted probability.
        observed: The share of them that came true.
        low: The lower end of that share's 95 percent interval, by Wilson's formula.
        high: The upper end.
        rows: How many there are.
    """

    predicted: float
    observed: float
    low: float
    high: float
    rows: int


def confusion(rows: Classified, shown: Sequence[int]) -> np.ndarray[Any, Any]:
    """Count the rows of each shown class (down) by predicted class (across); the last of each is all other classes."""
    import numpy as np

    place = np.full(len(rows.labels), len(shown))
    place[list(shown)] = np.arange(len(shown))
    counts = np.zeros((len(shown) + 1, len(shown) + 1), dtype=int)
    np.add.at(counts, (place[rows.actual], place[rows.predicted]), 1)
    return counts


def most_frequent(rows: Classified, most: int) -> list[int]:
    """Return the classes with the most held-out rows, in their original order."""
    import numpy as np

    counts = np.bincount(rows.actual, minlength=len(rows.labels))
    return sorted(np.argsort(-counts, kind="stable")[:most].tolist())


def report_classes(rows: Classified, curves: Sequence[RocCurve]) -> list[ClassReport]:
    """Evaluate each class that occurs in the held-out rows or is predicted for one."""
    import numpy as np

    classes = len(rows.labels)
    actual, predicted = (np.bincount(part, minlength=classes) for part in (rows.actual, rows.predicted))
    right = np.bincount(rows.actual[rows.actual == rows.predicted], minlength=classes)
    areas = {curve.label: curve.area for curve in curves}
    return [
        ClassReport(
            label,
            int(actual[at]),
            float(right[at] / predicted[at]) if predicted[at] else None,
            float(right[at] / actual[at]) if actual[at] else None,
            areas.get(label),
        )
        for at, label in enumerate(rows.labels)
        if actual[at] or predicted[at]
    ]


def roc_curves(rows: Classified) -> list[RocCurve]:
    """Return the curves of the most frequent classes against the rest; of two classes, only the positive one's."""
    from sklearn.metrics import auc, roc_curve

    if rows.scores is None:
        return []
    known = rows.scores.shape[1]
    curves = []
    for at in [1] if known == BINARY else most_frequent(rows, MOST_CURVES):
        is_class = rows.actual == at
        if at >= known or is_class.all() or not is_class.any():
            continue  # it has no scores, no other class beside it, or no row
        false_positives, true_positives, _ = roc_curve(is_class, rows.scores[:, at])
        area = float(auc(false_positives, true_positives))
        points = _spread(len(false_positives))
        curves.append(RocCurve(rows.labels[at], false_positives[points], true_positives[points], area))
    return curves


def rates(rows: Classified) -> tuple[float, float]:
    """Return the share of the first class's rows that are predicted as the second, and of the second's own; both must have rows."""
    positive = rows.predicted == 1
    return float(positive[rows.actual == 0].mean()), float(positive[rows.actual == 1].mean())


def calibrate(rows: Classified) -> list[CalibrationBin]:
    """Compare predicted probabilities with observed shares: of the positive class of two, or of the predicted class."""
    import numpy as np

    if rows.scores is None or not rows.probabilities:
        return []
    if rows.scores.shape[1] == BINARY:
        predicted, came_true = rows.scores[:, 1], rows.actual == 1
    else:
        predicted, came_true = rows.scores.max(axis=1), rows.actual == rows.scores.argmax(axis=1)
    bins = int(np.clip(len(predicted) // _FEWEST_ROWS_PER_BIN, 1, _BINS))
    inner = np.unique(np.quantile(predicted, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(inner, predicted, side="right")
    return [_bin(predicted[place == at], came_true[place == at]) for at in np.unique(place)]


def _bin(predicted: np.ndarray[Any, Any], came_true: np.ndarray[Any, Any]) -> CalibrationBin:
    rows, share = len(predicted), float(came_true.mean())
    middle = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z / (1 + _Z**2 / rows) * (share * (1 - share) / rows + _Z**2 / (4 * rows**2)) ** 0.5
    return CalibrationBin(float(predicted.mean()), share, middle - half, middle + half, rows)


def _one_column_per_class(scores: Any, classes: int) -> np.ndarray[Any, Any] | None:
    import numpy as np

    if scores is None:
        return None
    matrix = np.asarray(scores, dtype=float)
    if matrix.ndim < _MATRIX or matrix.shape[1] == 1:
        last = matrix.reshape(-1)
        # The other class's probability; for decision values only the order counts.
        matrix = np.column_stack([1 - last, last])
    return matrix if matrix.shape[1] == classes and np.isfinite(matrix).all() else None


def _within_one(scores: np.ndarray[Any, Any]) -> bool:
    return bool((scores >= 0).all() and (scores <= 1).all())


def _spread(length: int) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.unique(np.linspace(0, length - 1, min(length, _CURVE_POINTS)).round().astype(int))
