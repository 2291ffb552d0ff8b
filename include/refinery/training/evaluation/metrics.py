"""Find the metrics that a model is evaluated by: any scorer of scikit-learn, by its name without the sign."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION, UNSUPERVISED_METRICS
from refinery.training.errors import MetricError, UnknownMetricError
from refinery.wording import listed, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refinery.spec.training import TrainingSpec


DEFAULT_METRICS = {REGRESSION: ("mae", "mse", "rmse", "r2"), CLASSIFICATION: ("accuracy", "f1", "roc_auc")}
# scikit-learn negates errors so that more is always better; people want the error itself.
_NEGATED = "neg_"
_SHORT_NAMES = {
    "mae": "neg_mean_absolute_error",
    "mse": "neg_mean_squared_error",
    "rmse": "neg_root_mean_squared_error",
}
# Scorers do not declare their task.
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
        """Whether more is better; otherwise it is an error."""
        return not self.scorer.startswith(_NEGATED)

    @property
    def task(self) -> str:
        """The task that it measures: "regression" or "classification"."""
        return REGRESSION if self.scorer in _OF_REGRESSION else CLASSIFICATION


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """The metrics that a config asks for, before the model's task is known.

    Attributes:
        listed: Those that it lists; None for the task's usual ones.
        required: Those that it sets gates for; they are measured too.
        positive: Which of two classes they count as positive, as written in the data; None for the one that sorts last.
        weighted: Whether the rows have weights, which each metric must take.
    """

    listed: tuple[Metric, ...] | None = None
    required: tuple[Metric, ...] = ()
    positive: Any = None
    weighted: bool = False

    @property
    def stated_task(self) -> str | None:
        """The task that the config's metrics or its positive class are of; None where they leave it open."""
        if self.positive is not None:
            return CLASSIFICATION
        tasks = {metric.task for metric in (*(self.listed or ()), *self.required)}
        return tasks.pop() if len(tasks) == 1 else None

    def for_task(self, task: str) -> tuple[Metric, ...]:
        """Return the metrics of a model with the task.

        Raises:
            MetricError: One measures another task, or takes no weights where rows have some.
        """
        usual = DEFAULT_METRICS[task]
        asked = find_metrics(usual) if self.listed is None else self.listed
        chosen = tuple(dict.fromkeys((*asked, *self.required)))
        for metric in chosen:
            if metric.task != task:
                raise MetricError(
                    f"The metric {quoted(metric.name)} does not measure {task}, which is this model's task: choose others, such as {listed(usual)}."
                )
            if self.weighted and not _takes_weights(metric):
                raise MetricError(
                    f"weight: the metric {quoted(metric.name)} takes no weights; remove weight, or choose other metrics, such as {listed(usual)}."
                )
        return chosen


def choose_metrics(spec: TrainingSpec) -> MetricChoice:
    """Return the metrics that a spec asks for.

    Raises:
        UnknownMetricError: It names one that does not exist.
    """
    asked = None if spec.metrics is None else find_metrics(spec.metrics)
    return MetricChoice(asked, find_metrics(spec.require), spec.positive_class, spec.weight is not None)


def _takes_weights(metric: Metric) -> bool:
    from sklearn.metrics import get_scorer

    # There is no public way to the function of a scorer.
    return "sample_weight" in inspect.signature(get_scorer(metric.scorer)._score_func).parameters  # noqa: SLF001


def is_higher_better(name: str) -> bool:
    """Return whether more of a metric is better.

    Raises:
        UnknownMetricError: It is unknown.
    """
    for metrics in UNSUPERVISED_METRICS.values():
        for metric in metrics:
            if metric.name == name:
                return bool(metric.higher_is_better)
    return find_metrics([name])[0].higher_is_better


def find_metrics(names: Iterable[str]) -> tuple[Metric, ...]:
    """Find metrics by short names (mae, mse, rmse) or scikit-learn's names, with or without "neg_".

    Raises:
        UnknownMetricError: A name is unknown.
    """
    from sklearn.metrics import get_scorer_names

    scorers = {name.removeprefix(_NEGATED): name for name in get_scorer_names()} | _SHORT_NAMES
    found = []
    for name in names:
        bare = name.removeprefix(_NEGATED)
        if bare not in scorers:
            raise UnknownMetricError(
                f"There is no metric {quoted(name)}{suggestion(name, scorers)} Any scikit-learn scorer can be named."
            )
        found.append(Metric(bare, scorers[bare]))
    return tuple(dict.fromkeys(found))
