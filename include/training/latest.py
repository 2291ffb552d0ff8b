"""Judges the latest promoted model on the rows that a new model is judged on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.training.containment import contained
from include.training.errors import listed
from include.training.evaluation import evaluate
from include.training.fitting import predict
from include.training.prediction import feature_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.training.evaluation import HeldOut
    from include.training.metrics import Metric


@dataclass(frozen=True, slots=True)
class LatestModel:
    """The latest promoted model.

    Attributes:
        version: What people call it, such as its date.
        model: The loaded model; None where it could not be loaded.
        manifest: Its manifest.
        problem: Why it could not be loaded.
    """

    version: str
    model: Any = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LatestMetrics:
    """The latest promoted model's metrics on a new model's held-out rows.

    Attributes:
        version: What people call it.
        values: Each metric's value; empty where it could not be judged.
        problem: Why it could not be judged.
    """

    version: str
    values: dict[str, float]
    problem: str = ""


def measure_latest(latest: LatestModel, held_out: HeldOut | None, metrics: Sequence[Metric]) -> LatestMetrics:
    """Let a model predict held-out rows, and measure how well; what keeps it from that is told, not raised."""
    if held_out is None:
        return LatestMetrics(latest.version, {}, "the new model's own code held out the rows, if any")
    if latest.model is None:
        problem = latest.problem or "it is not there"
        return LatestMetrics(latest.version, {}, f"{latest.version} cannot be loaded ({problem})")
    target = latest.manifest.get("data", {}).get("target", {}).get("name", held_out.actual.name)
    if target != held_out.actual.name:
        return LatestMetrics(latest.version, {}, f"{latest.version} predicts another target, {target!r}")
    names = feature_names(latest.model, latest.manifest) or list(held_out.features.columns)
    if missing := [name for name in names if name not in held_out.features.columns]:
        problem = f"{latest.version} learned from {listed(missing)} too, no feature of the new model"
        return LatestMetrics(latest.version, {}, problem)
    try:
        with contained():
            predictions = predict(latest.model, held_out.task, held_out.features[names])
            evaluation = evaluate(held_out.task, held_out.actual, predictions, metrics, held_out.positive)
    except Exception as error:  # noqa: BLE001 - an older model may fail at new rows in any way
        problem = f"{latest.version} failed on the held-out rows ({type(error).__name__}: {str(error)[:200]})"
        return LatestMetrics(latest.version, {}, problem)
    return LatestMetrics(latest.version, evaluation.metrics)


def may_know_rows(latest: LatestModel, manifest: Mapping[str, Any]) -> bool:
    """Tell whether the latest model may have learned from rows that are held out now.

    It has not where the rows and their split are the same, nor where the split is by time, since later rows are held
    out then.
    """
    split, before = manifest.get("split"), latest.manifest.get("split")
    if latest.model is None or split is None or split["time_column"] is not None:
        return False
    return bool(split != before) or _dataset_hash(manifest) != _dataset_hash(latest.manifest)


def _dataset_hash(manifest: Mapping[str, Any]) -> str | None:
    found: str | None = manifest.get("provenance", {}).get("dataset", {}).get("sha256")
    return found
