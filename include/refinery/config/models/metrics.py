"""The metrics that configs may use: scikit-learn's scorers, and short names for the most common ones."""

from typing import Annotated

from pydantic import WithJsonSchema

from refinery.config.models.base import Checked, refuse
from refinery.spec.tasks import UNSUPERVISED_METRIC_NAMES
from refinery.wording import nearest_name

# Short for longer names in scikit-learn.
SHORT_NAMES = ("mae", "mse", "rmse")

# The names from sklearn.metrics.get_scorer_names(), copied since configs are read without importing scikit-learn.
SCORERS = (
    "accuracy",
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "average_precision",
    "balanced_accuracy",
    "completeness_score",
    "d2_absolute_error_score",
    "d2_brier_score",
    "d2_log_loss_score",
    "explained_variance",
    "f1",
    "f1_macro",
    "f1_micro",
    "f1_samples",
    "f1_weighted",
    "fowlkes_mallows_score",
    "homogeneity_score",
    "jaccard",
    "jaccard_macro",
    "jaccard_micro",
    "jaccard_samples",
    "jaccard_weighted",
    "matthews_corrcoef",
    "mutual_info_score",
    "neg_brier_score",
    "neg_log_loss",
    "neg_max_error",
    "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_gamma_deviance",
    "neg_mean_poisson_deviance",
    "neg_mean_squared_error",
    "neg_mean_squared_log_error",
    "neg_median_absolute_error",
    "neg_negative_likelihood_ratio",
    "neg_root_mean_squared_error",
    "neg_root_mean_squared_log_error",
    "normalized_mutual_info_score",
    "positive_likelihood_ratio",
    "precision",
    "precision_macro",
    "precision_micro",
    "precision_samples",
    "precision_weighted",
    "r2",
    "rand_score",
    "recall",
    "recall_macro",
    "recall_micro",
    "recall_samples",
    "recall_weighted",
    "roc_auc",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
    "roc_auc_ovr",
    "roc_auc_ovr_weighted",
    "top_k_accuracy",
    "v_measure_score",
)
# scikit-learn negates errors so that greater is better; people want the error itself.
NEGATED = "neg_"
METRICS = frozenset((*SHORT_NAMES, *SCORERS, *(name.removeprefix(NEGATED) for name in SCORERS)))

_USUAL = "mae, mse, rmse, r2, accuracy, f1, roc_auc"


def explain_unknown_metric(name: str) -> str:
    """Return that a name is not a metric of a model that learns a target, and which one may be meant."""
    if tasks := UNSUPERVISED_METRIC_NAMES.get(name):
        needed = " or ".join(f"task: {one}" for one in tasks)
        return f'"{name}" needs {needed}; add it, or choose another metric'
    near = nearest_name(name, sorted(known for known in METRICS if not known.startswith(NEGATED)))
    offer = f'did you mean "{near}"?' if near else f"choose from {_USUAL}, or any scikit-learn scorer"
    return f'"{name}" is not a metric; {offer}'


def _check_metric(name: str) -> None:
    if name not in METRICS and name not in UNSUPERVISED_METRIC_NAMES:
        refuse(explain_unknown_metric(name))


MetricName = Annotated[
    str,
    Checked(_check_metric),
    WithJsonSchema({"type": "string", "enum": sorted(METRICS.union(UNSUPERVISED_METRIC_NAMES))}),
]
