"""What keeps a model from being judged, and what rejects one that was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.training.errors.base import TrainingError
from include.training.errors.dataset import DatasetError
from include.training.errors.wording import listed, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.training.gates import GateResult


class SplitError(DatasetError):
    """The rows cannot be parted as the config asks.

    Attributes:
        key: The config's key, such as "evaluate.stratify".
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"{key}: {problem}")


class MetricError(TrainingError):
    """The config asks for a metric that the model cannot be judged by."""


class UnknownMetricError(MetricError):
    """There is no metric of the name that the config gives.

    Attributes:
        name: The metric as the config names it.
        known: The names that there are.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"There is no metric {name!r}{suggestion(name, known)} Any scorer of scikit-learn may be named."
        )


class MetricTaskError(MetricError):
    """The metric judges what the model does not do.

    Attributes:
        metric: The metric's name.
        task: What the model does: "regression" or "classification".
        usual: Metrics of that task.
    """

    def __init__(self, metric: str, task: str, usual: Sequence[str]) -> None:
        self.metric = metric
        self.task = task
        self.usual = tuple(usual)
        super().__init__(
            f"The metric {metric!r} is none of {task}, which this model does: choose others, such as {listed(usual)}."
        )


class PositiveClassError(MetricError):
    """The config's `evaluate.positive_class` is no class that could count as positive."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"evaluate.positive_class: {problem}")


class RequirementError(TrainingError):
    """The config's `require` says what no model can be held to.

    Attributes:
        key: Where in it, such as "require.mae.max".
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(f"{key}: {problem}")


class GateFailedError(TrainingError):
    """The model was trained but is not as good as the config requires.

    Attributes:
        gates: All gates, those that were passed too.
        report_dir: The folder with the report on the rejected model: manifest.json and what was written beside it.
    """

    def __init__(self, gates: Sequence[GateResult], report_dir: Path) -> None:
        self.gates = tuple(gates)
        self.report_dir = report_dir
        failed = [gate.sentence for gate in gates if not gate.passed]
        count = f"{len(failed)} of {len(gates)} gates" if len(gates) > 1 else "its gate"
        super().__init__(f"The model is rejected, it fails {count}: {' '.join(failed)}")
