"""Finds the metrics that a model is judged by: any scorer of scikit-learn, by its name without the sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.errors import MetricTaskError, UnknownMetricError

if TYPE_CHECKING:
    from collections.abc import Iterable

REGRESSION = "regression"
CLASSIFICATION = "classification"

DEFAULT_METRICS = {REGRESSION: ("mae", "mse", "rmse", "r2"), CLASSIFICATION: ("accuracy", "f1", "roc_auc")}
# scikit-learn negates errors, so that more is always better; people want the error itself.
_NEGATED = "neg_"
_SHORT_NAMES = {
    "mae": "neg_mean_absolute_error",
    "mse": "neg_mean_squared_error",
    "rmse": "neg_root_mean_squared_error",
}
# Scorers do not say what they judge.
_OF_REGRESSION = frozenset(
    {
        "d2_absolute_error_score",
        "explained_variance",
        "neg_max_error",
        "neg_mean_absolute_error",
        "neg_mean_absolute_percentage_error",
        "neg_mean_gamma_deviance",
        "neg_mean_poisson_deviance",
        "neg_mean_squared_error",
        "neg_mean_squared_log_error",
        "neg_median_absolute_error",
        "neg_root_mean_squared_error",
        "neg_root_mean_squared_log_error",
        "r2",
    }
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of how well a model predicts.

    Attributes:
        name: Its name in configs and manifests, without "neg_".
        scorer: scikit-learn's name of its scorer.
    """

    name: str
    scorer: str

    @property
    def higher_is_better(self) -> bool:
        """Whether it counts what is right; else it is an error."""
        return not self.scorer.startswith(_NEGATED)

    @property
    def task(self) -> str:
        """The task that it judges: "regression" or "classification"."""
        return REGRESSION if self.scorer in _OF_REGRESSION else CLASSIFICATION


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """The metrics that a config asks for, before the model's task is known.

    Attributes:
        listed: Those that it lists; None are the usual ones of the task.
        required: Those that it sets gates for, which are measured too.
        positive: Which of two classes they count as positive, as it stands in the data; None is the one that sorts last.
    """

    listed: tuple[Metric, ...] | None = None
    required: tuple[Metric, ...] = ()
    positive: Any = None

    def for_task(self, task: str) -> tuple[Metric, ...]:
        """Give the metrics of a model that does the task.

        Raises:
            MetricTaskError: One judges another task.
        """
        usual = DEFAULT_METRICS[task]
        listed = find_metrics(usual) if self.listed is None else self.listed
        chosen = tuple(dict.fromkeys((*listed, *self.required)))
        for metric in chosen:
            if metric.task != task:
                raise MetricTaskError(metric.name, task, usual)
        return chosen


def find_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    """Find metrics by short names (mae, mse, rmse) or scikit-learn's names, with or without "neg_".

    Raises:
        UnknownMetricError: There is none of a name.
    """
    from sklearn.metrics import get_scorer_names

    scorers = {name.removeprefix(_NEGATED): name for name in get_scorer_names()} | _SHORT_NAMES
    found = []
    for name in names:
        bare = name.removeprefix(_NEGATED)
        if bare not in scorers:
            raise UnknownMetricError(name, sorted(scorers))
        found.append(Metric(bare, scorers[bare]))
    return tuple(dict.fromkeys(found))
