"""Measure models that learned no target: the share of outliers, how far apart clusters are, and how stable both are."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import ANOMALY, UNSUPERVISED_METRICS
from refinery.spec.training import KEYS
from refinery.training.errors import FitError, MetricError, TrainingError
from refinery.training.evaluation.fitting import running
from refinery.training.evaluation.model_output import ask
from refinery.training.evaluation.row_scores import measured_rows
from refinery.wording import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.precomputed import Predictions
    from refinery.training.models.estimators import Learner

# The silhouette compares each row with each other.
_MOST_SILHOUETTE_ROWS = 10_000
_OUTLIER, _ORDINARY = -1, 1
# What a spec may not ask for without a target, or where all rows are needed at once.
_WITH_TARGET = ("target", "missing_target", "stratify", "positive_class", "cross_validation", "batch_rows")


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Held-out rows, and what a model that learned no target says of them.

    Attributes:
        features: The rows' features.
        predicted: The label of each row: -1 for an outlier and 1 for any other, or its cluster.
        scores: How ordinary each row is; see `row_scores`. None where the model does not say it.
        task: "anomaly" or "clustering".
        measured: The rows as the model measures distances between them; None where that is not known.
    """

    features: pd.DataFrame
    predicted: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any] | None
    task: str
    measured: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """The metrics of a model.

    Attributes:
        metrics: Each metric's value; all are finite.
        left_out: Metrics that have no value, each with the reason.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, measure: Callable[[], float]) -> None:
        """Add a metric; one without a finite value is left out with the reason."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what has no value is reported as left out
            try:
                value = float(measure())
            except (ValueError, TypeError, TrainingError) as error:
                self.left_out[name] = str(error).partition("\n")[0].rstrip(".")
                return
        if math.isfinite(value):
            self.metrics[name] = value
        else:
            self.left_out[name] = f"it is {abs(value)}"


def choose_names(spec: TrainingSpec, task: str) -> tuple[str, ...]:
    """Return the metrics to measure: those that the config lists, or all of the task, and those that have gates.

    Raises:
        MetricError: The config asks for one that does not measure the task, or for what needs a target.
    """
    known = tuple(metric.name for metric in UNSUPERVISED_METRICS[task])
    if unknown := [name for name in spec.metrics or () if name not in known]:
        raise MetricError(
            f"evaluate.metrics: {listed(unknown)} {'does' if len(unknown) == 1 else 'do'} not measure task: {task}; choose from {listed(known)}."
        )
    if given := [
        ".".join(KEYS[name]) for name in _WITH_TARGET if getattr(spec, name) not in (None, False, "error")
    ]:
        raise MetricError(
            f"task: {task} has no target and takes all rows at once, and {listed(given)} does not fit that: remove it."
        )
    wanted = {*(known if spec.metrics is None else spec.metrics), *spec.require}
    return tuple(name for name in known if name in wanted)


def score_rows(learner: Learner, model: Any, features: pd.DataFrame, task: str) -> ScoredRows:
    """Ask a fitted model for the labels and scores of held-out rows.

    Raises:
        TrainingError: It refuses the rows, or does not give one label for each.
    """
    with running(learner, "predict", features):
        predictions = ask(model, task, features)
        check_labels(model, predictions, task)
        measured = None if task == ANOMALY else measured_rows(model, features)
    return ScoredRows(features, predictions.values, predictions.scores, task, measured)


def check_labels(model: Any, predictions: Predictions, task: str) -> None:
    """Check that an outlier detector predicts the labels that scikit-learn's do.

    Raises:
        FitError: It does not.
    """
    labels = set(predictions.values.tolist())  # noqa: PD011 - not a Series
    if task == ANOMALY and not labels <= {_OUTLIER, _ORDINARY}:
        reason = f"it predicts {', '.join(sorted(map(str, labels))[:3])}; an outlier detector predicts -1 for outliers and 1 for others"
        raise FitError(type(model).__name__, "predict", reason)


def measure(
    names: Iterable[str], rows: ScoredRows, train_labels: Callable[[], np.ndarray[Any, Any]]
) -> Measured:
    """Measure a fitted model by its labels; `measure_stability` needs more.

    Args:
        names: The metrics.
        rows: The held-out rows.
        train_labels: Returns the labels of the training rows.
    """
    import numpy as np

    found = Measured()
    of_labels: dict[str, Callable[[], float]] = {
        "outlier_share": lambda: float(np.mean(rows.predicted == _OUTLIER)),
        "outlier_share_train": lambda: float(np.mean(train_labels() == _OUTLIER)),
        "clusters": lambda: len(np.unique(train_labels())),
    }
    for name in names:
        if name in of_labels:
            found.add(name, of_labels[name])
        elif name in _OF_CLUSTERS:
            found.add(name, lambda name=name: measure_clusters(name, rows, rows.predicted))  # type: ignore[misc]
    return found


def measure_clusters(name: str, rows: ScoredRows, labels: np.ndarray[Any, Any]) -> float:
    """Measure how far apart clusters are, by scikit-learn's metric of the name.

    Args:
        name: "silhouette", "davies_bouldin" or "calinski_harabasz".
        rows: The rows.
        labels: The cluster of each row.

    Raises:
        ValueError: The rows are not in two clusters or more, or each is alone in one.
    """
    import numpy as np
    from sklearn import metrics

    if rows.measured is None:
        raise ValueError(
            "the model compares rows in a way that is not known: bring a Pipeline that ends in the clusterer"
        )
    clusters = len(np.unique(labels))
    if not 1 < clusters < len(labels):
        raise ValueError(
            f"the {len(labels):,} held-out rows are in {clusters} cluster{'s' if clusters > 1 else ''}"
        )
    if name == "silhouette":
        size = _MOST_SILHOUETTE_ROWS if len(labels) > _MOST_SILHOUETTE_ROWS else None
        return float(metrics.silhouette_score(rows.measured, labels, sample_size=size, random_state=0))
    return float(getattr(metrics, f"{name}_score")(rows.measured, labels))


_OF_CLUSTERS = ("silhouette", "davies_bouldin", "calinski_harabasz")


def measure_stability(
    learners: Sequence[Learner],
    train: pd.DataFrame,
    halves: Sequence[np.ndarray[Any, Any]],
    rows: ScoredRows,
    weights: np.ndarray[Any, Any] | None = None,
) -> float:
    """Fit a model to each half of the training rows, and measure how far the two agree on the held-out rows.

    For clusters, agreement is the adjusted Rand index of the labels, after Lange, Roth, Braun and Buhmann, "Stability-Based
    Validation of Clustering Solutions", Neural Computation 16(6), 2004; for outliers, Spearman's rank correlation of the scores.

    Args:
        learners: Two unfitted learners.
        train: The training rows.
        halves: The positions of the rows of each half.
        rows: The held-out rows.
        weights: The weight of each training row; None where all weigh the same.

    Raises:
        ValueError: Both give all rows the same label, or one of them the same score; or a half has no rows.
        TrainingError: One of them cannot be fitted to half of the rows.
    """
    import numpy as np
    import pandas as pd
    from sklearn.metrics import adjusted_rand_score

    if not all(len(half) for half in halves):
        raise ValueError("all training rows are of one group, so there are no two halves")
    found = []
    for learner, half in zip(learners, halves, strict=True):
        part = train.iloc[half]
        with running(learner, "fit", part):
            model = learner.fit(part, None, None if weights is None else weights[half])
        with running(learner, "predict", rows.features):
            found.append(ask(model, rows.task, rows.features))
    if rows.task != ANOMALY:
        labels = [one.values for one in found]  # noqa: PD011 - not a Series
        if all(len(np.unique(one)) == 1 for one in labels):
            raise ValueError("both models put all held-out rows into one cluster")
        return float(adjusted_rand_score(*labels))
    scores = [pd.Series(one.scores) for one in found if one.scores is not None]
    if len(scores) < len(found):
        raise ValueError("the model gives no scores (it has no decision_function)")
    if any(one.min() == one.max() for one in scores):
        raise ValueError("a model gives all held-out rows the same score")
    first, second = (one.rank() for one in scores)
    return float(first.corr(second))


def split_halves(
    rows: int, groups: pd.Series[Any] | None, random_state: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the positions of two random halves of rows, in order; no group is in both."""
    import numpy as np
    import pandas as pd

    codes = np.arange(rows) if groups is None else pd.factorize(groups)[0]
    units = np.random.default_rng(random_state).permutation(int(codes.max()) + 1)
    in_first = np.isin(codes, units[: len(units) // 2])
    return np.flatnonzero(in_first), np.flatnonzero(~in_first)
