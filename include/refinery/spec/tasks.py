"""The machine-learning tasks of models, and the metrics of those that learn no target."""

from __future__ import annotations

from dataclasses import dataclass

REGRESSION = "regression"
CLASSIFICATION = "classification"
ANOMALY = "anomaly"
CLUSTERING = "clustering"
# The tasks without a target; a config names them, while the others follow from the model.
UNSUPERVISED = (ANOMALY, CLUSTERING)


@dataclass(frozen=True, slots=True)
class UnsupervisedMetric:
    """A measure of a model that learned no target.

    Attributes:
        name: Its name in configs and manifests.
        definition: How it is computed.
        higher_is_better: Whether more is better; None where neither is better in itself.
        compares: Whether the latest model can be measured by it on a new model's held-out rows.
    """

    name: str
    definition: str
    higher_is_better: bool | None = None
    compares: bool = False


_HALVES = "of two models, each fitted to half of the training rows"
UNSUPERVISED_METRICS = {
    ANOMALY: (
        UnsupervisedMetric("outlier_share", "share of the held-out rows that are outliers"),
        UnsupervisedMetric("outlier_share_train", "share of the training rows that are outliers"),
        UnsupervisedMetric(
            "stability", f"rank correlation of the held-out rows' scores {_HALVES}", higher_is_better=True
        ),
    ),
    CLUSTERING: (
        UnsupervisedMetric(
            "silhouette",
            "mean of the held-out rows, at most 10,000 of them",
            higher_is_better=True,
            compares=True,
        ),
        UnsupervisedMetric("davies_bouldin", "of the held-out rows", higher_is_better=False, compares=True),
        UnsupervisedMetric("calinski_harabasz", "of the held-out rows", higher_is_better=True, compares=True),
        UnsupervisedMetric("clusters", "clusters that training rows are in"),
        UnsupervisedMetric(
            "stability",
            f"adjusted Rand index of the held-out rows' clusters {_HALVES}",
            higher_is_better=True,
        ),
    ),
}
# Each name with the tasks that it measures.
UNSUPERVISED_METRIC_NAMES = {
    name: tuple(
        task for task, metrics in UNSUPERVISED_METRICS.items() if name in {one.name for one in metrics}
    )
    for name in dict.fromkeys(one.name for metrics in UNSUPERVISED_METRICS.values() for one in metrics)
}
