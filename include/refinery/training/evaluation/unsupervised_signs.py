"""Look for signs that a model without a target is useless: columns of other scales, one cluster, nothing but outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import ANOMALY
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from refinery.training.evaluation.unsupervised import ScoredRows

# Distances of such columns are those of the larger one.
_OTHER_SCALES = 100
# These hardly depend on units: trees compare values of one column, a covariance knows each column's spread.
_ANY_SCALE = ("IsolationForest", "EllipticEnvelope", "GaussianMixture", "BayesianGaussianMixture")
_FEW_ROWS = 30
_MOST_OUTLIERS = 0.5
_EXPECTED = "set the share that you expect in the model's params, such as contamination: 0.05 (nu for an SVM)"


def find_unsupervised_signs(
    model: Any, train: pd.DataFrame, held_out: ScoredRows, metrics: Mapping[str, float]
) -> tuple[str, ...]:
    """Return a sentence for each sign that a model, or its metrics, may not be what they seem.

    Args:
        model: The fitted model.
        train: The rows that it learned from.
        held_out: The rows that it was measured on.
        metrics: Its metrics.
    """
    signs = _anomaly_signs(held_out, metrics) if held_out.task == ANOMALY else _cluster_signs(metrics)
    return tuple(
        sign for sign in (_scales(model, train), *signs, _by_chance(metrics), _few_rows(held_out)) if sign
    )


def _scales(model: Any, train: pd.DataFrame) -> str:
    """Warn of columns that no step scales, and whose spreads are far apart."""
    name = type(model).__name__
    if hasattr(model, "steps") or name in _ANY_SCALE:
        return ""
    numbers = train.select_dtypes("number", exclude="timedelta")  # which pandas counts among them
    spreads = numbers.std(ddof=0)
    spreads = spreads[spreads > 0].sort_values(kind="stable")
    if len(spreads) < 2 or spreads.iloc[-1] <= _OTHER_SCALES * spreads.iloc[0]:  # noqa: PLR2004 - a pair
        return ""
    large, small = spreads.index[-1], spreads.index[0]
    return (
        f"The columns have other scales: {quoted(large)} has a standard deviation of {spreads.iloc[-1]:.4g}, {quoted(small)} of "
        f"{spreads.iloc[0]:.4g}, so {quoted(small)} hardly counts. If it should, put a scaler before the {name}: model: {{steps: "
        f"[{{class: sklearn.preprocessing.StandardScaler}}, {{class: {_path_of(model)}, params: ...}}]}}."
    )


def _path_of(model: Any) -> str:
    return f"{type(model).__module__.partition('._')[0]}.{type(model).__name__}"


def _anomaly_signs(held_out: ScoredRows, metrics: Mapping[str, float]) -> Iterator[str]:
    outliers = int((held_out.predicted == -1).sum())
    rows = len(held_out.predicted)
    if not outliers and rows >= _FEW_ROWS:
        yield f"None of the {rows:,} held-out rows is an outlier: {_EXPECTED}."
    if outliers <= _MOST_OUTLIERS * rows:
        return
    of_train = metrics.get("outlier_share_train", 0.0)
    most = f"{outliers:,} of {rows:,} held-out rows are outliers, more than half"
    if of_train > _MOST_OUTLIERS:
        yield f"{most}, as are {of_train:.0%} of the training rows: {_EXPECTED}."
    else:
        yield f"{most}, but few of the training rows: the two parts differ, for example in time or by group."


def _cluster_signs(metrics: Mapping[str, float]) -> Iterator[str]:
    if metrics.get("clusters") == 1:
        yield "All training rows are in one cluster, so the model tells no rows apart: change its params, or scale the columns."
    if metrics.get("silhouette", 1.0) <= 0:
        yield (
            f"The silhouette is {metrics['silhouette']:.4g}: held-out rows are as near to another cluster as to their own."
        )


def _by_chance(metrics: Mapping[str, float]) -> str:
    if (stability := metrics.get("stability", 1.0)) > 0:
        return ""
    return (
        f"The stability is {stability:.4g}: models of two halves of the rows agree no more than by chance, so what it finds depends "
        "on the rows that it happened to learn from."
    )


def _few_rows(held_out: ScoredRows) -> str:
    rows = len(held_out.predicted)
    if rows >= _FEW_ROWS:
        return ""
    noun = "row was" if rows == 1 else "rows were"
    return f"Only {rows} {noun} held out: the metrics depend on which ones."
