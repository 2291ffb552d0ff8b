"""Chooses the score by which shuffled columns are compared, and computes it for many predictions at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.card.classified import BINARY
from include.card.held_out import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

    from include.card.held_out import HeldOut


@dataclass(frozen=True, slots=True)
class Score:
    """A score of many predictions of the same rows.

    Attributes:
        name: Its name.
        predict: Gives what it judges, one value for each of the rows.
        judge: Scores each line of a matrix, which holds one prediction of the rows.
    """

    name: str
    predict: Callable[[pd.DataFrame], Any]
    judge: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]


def choose_score(model: Any, held_out: HeldOut, actual: np.ndarray[Any, Any]) -> Score:
    """Give R2 for a regression, ROC AUC for two classes with probabilities, else balanced accuracy.

    Args:
        model: The fitted model.
        held_out: The rows that it was judged on.
        actual: The target of those rows that will be predicted.
    """
    import numpy as np
    import pandas as pd

    if held_out.task != CLASSIFICATION:
        target = actual.astype(float)
        return Score("R2", model.predict, lambda predicted: _r2(predicted.astype(float), target))
    positions, classes = pd.factorize(actual)
    known = list(held_out.classes if held_out.classes is not None else [])
    if len(known) == BINARY == len(classes) and hasattr(model, "predict_proba"):
        # Whichever counts as positive elsewhere, this score is the same for both classes.
        columns = model.classes_ if hasattr(model, "classes_") else sorted(known)
        positive = actual == columns[1]
        # Of a rare class no row may be predicted, and yet its rows be told from the others.
        return Score(
            "ROC AUC",
            lambda features: model.predict_proba(features)[:, 1],
            lambda scores: _roc_auc(scores, positive),
        )
    weights = 1 / (np.bincount(positions)[positions] * len(classes))
    labels = actual.astype(object)
    return Score(
        "balanced accuracy",
        model.predict,
        lambda predicted: (predicted.astype(object) == labels).astype(float) @ weights,
    )


def _r2(predicted: np.ndarray[Any, Any], target: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    total = ((target - target.mean()) ** 2).sum() or 1.0
    residuals: np.ndarray[Any, Any] = ((predicted - target) ** 2).sum(axis=1)
    return 1 - residuals / total


def _roc_auc(scores: np.ndarray[Any, Any], positive: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import pandas as pd

    ones = int(positive.sum())
    ranks: np.ndarray[Any, Any] = pd.DataFrame(scores.T).rank().to_numpy()[positive].sum(axis=0)
    return (ranks - ones * (ones + 1) / 2) / (ones * (len(positive) - ones))
