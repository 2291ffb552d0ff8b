"""Ask models that learned no target how ordinary each row is: the lower the score, the farther from what they learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import ANOMALY

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_SPARSE_CELLS = 50_000_000


def row_scores(
    model: Any, features: pd.DataFrame, labels: np.ndarray[Any, Any], task: str
) -> np.ndarray[Any, Any] | None:
    """Return a score for each row; None where the model has none.

    For outliers it is the model's `decision_function`, which is negative for outliers. For clusters it is the log-likelihood of a
    mixture, otherwise the distance to the cluster's center with a minus before it.

    Args:
        model: The fitted model.
        features: The rows.
        labels: What it predicts for them.
        task: "anomaly" or "clustering".
    """
    if task == ANOMALY:
        return _asked(model, "decision_function", features)
    scores = _asked(model, "score_samples", features)
    return _center_scores(model, features, labels) if scores is None else scores


def measured_rows(model: Any, features: pd.DataFrame) -> np.ndarray[Any, Any] | None:
    """Return rows as the estimator measures distances between them: after the earlier steps of a Pipeline; None where they are not numbers."""
    import numpy as np
    from sklearn.pipeline import Pipeline

    rows: Any = features
    if isinstance(model, Pipeline) and len(model.steps) > 1:
        rows = model[:-1].transform(features)
    if hasattr(rows, "toarray"):
        if rows.shape[0] * rows.shape[1] > _SPARSE_CELLS:
            return None
        rows = rows.toarray()
    try:
        return np.asarray(rows, dtype=float)
    except (TypeError, ValueError):
        return None


def _center_scores(
    model: Any, features: pd.DataFrame, labels: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any] | None:
    import numpy as np
    from sklearn.metrics import pairwise_distances_argmin_min
    from sklearn.pipeline import Pipeline

    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    rows = measured_rows(model, features)
    if rows is None:
        return None
    if (nearest := getattr(last, "subcluster_centers_", None)) is not None:
        return -np.asarray(pairwise_distances_argmin_min(rows, nearest)[1])
    centers = getattr(last, "cluster_centers_", None)
    if centers is None or not len(centers) or labels.dtype.kind not in "iu" or labels.min() < 0:
        return None
    distances: np.ndarray[Any, Any] = np.linalg.norm(rows - np.asarray(centers)[labels], axis=1)
    return -distances


def _asked(model: Any, method: str, features: pd.DataFrame) -> np.ndarray[Any, Any] | None:
    import numpy as np

    if not hasattr(model, method):
        return None
    scores = np.asarray(getattr(model, method)(features))
    return scores if scores.shape == (len(features),) else None
