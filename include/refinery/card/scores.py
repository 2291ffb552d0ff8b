"""Choose the score by which shuffled columns are compared, and compute it for many predictions together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.classified import BINARY
from refinery.spec.tasks import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

    from refinery.card.held_out import HeldOut


@dataclass(frozen=True, slots=True)
class Score:
    """A score of many predictions of the same rows.

    Attributes:
        name: Its name.
        predict: Returns what it scores, one value for each of the rows.
        evaluate: Scores each line of a matrix, which holds one prediction of the rows.
    """

    name: str
    predict: Callable[[pd.DataFrame], Any]
    evaluate: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]


def choose_score(
    model: Any, held_out: HeldOut, actual: np.ndarray[Any, Any], weights: np.ndarray[Any, Any] | None = None
) -> Score:
    """Return R2 for a regression, ROC AUC for two classes with probabilities, otherwise balanced accuracy.

    Args:
        model: The fitted model.
        held_out: The rows that it was evaluated on.
        actual: The target of those rows that will be predicted.
        weights: The weights of the same rows; None where all weigh the same.
    """
    import numpy as np
    import pandas as pd

    if weights is None or not weights.any():  # rare classes are sampled first, and may weigh nothing
        weights = np.ones(len(actual))
    if held_out.task != CLASSIFICATION:
        target = actual.astype(float)
        return Score("R2", model.predict, lambda predicted: _r2(predicted.astype(float), target, weights))
    positions, classes = pd.factorize(actual)
    known = list(held_out.classes if held_out.classes is not None else [])
    if len(known) == BINARY == len(classes) and hasattr(model, "predict_proba"):
        # Whichever class counts as positive elsewhere, this score is the same for both.
        columns = model.classes_ if hasattr(model, "classes_") else sorted(known)
        positive = actual == columns[1]
        # A rare class may never be predicted, and its rows may still be separated from the others.
        return Score(
            "ROC AUC",
            lambda features: model.predict_proba(features)[:, 1],
            lambda scores: _roc_auc(scores, positive, weights),
        )
    of_class = np.bincount(positions, weights)
    shares = np.divide(weights, of_class[positions], out=np.zeros(len(actual)), where=weights > 0)
    shares /= (of_class > 0).sum()
    labels = actual.astype(object)
    return Score(
        "balanced accuracy",
        model.predict,
        lambda predicted: (predicted.astype(object) == labels).astype(float) @ shares,
    )


def _r2(
    predicted: np.ndarray[Any, Any], target: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    mean = (target * weights).sum() / weights.sum()
    total = ((target - mean) ** 2 * weights).sum() or 1.0
    residuals: np.ndarray[Any, Any] = (predicted - target) ** 2 @ weights
    return 1 - residuals / total


def _roc_auc(
    scores: np.ndarray[Any, Any], positive: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    import numpy as np
    import pandas as pd

    if (weights != weights[0]).any():
        from sklearn.metrics import roc_auc_score

        return np.array([roc_auc_score(positive, line, sample_weight=weights) for line in scores])
    ones = int(positive.sum())
    ranks: np.ndarray[Any, Any] = pd.DataFrame(scores.T).rank().to_numpy()[positive].sum(axis=0)
    return (ranks - ones * (ones + 1) / 2) / (ones * (len(positive) - ones))
