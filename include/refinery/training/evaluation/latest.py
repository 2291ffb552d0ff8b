"""Evaluate the latest promoted model on the rows that a new model is evaluated on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION
from refinery.training.data.learned_dates import as_learned
from refinery.training.evaluation.model_output import ask, check_classes, feature_names
from refinery.training.evaluation.scores import evaluate
from refinery.training.evaluation.unsupervised import measure_clusters
from refinery.training.user_code.isolation import isolated
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from refinery.training.evaluation.metrics import Metric
    from refinery.training.evaluation.scores import HeldOut
    from refinery.training.evaluation.unsupervised import ScoredRows


@dataclass(frozen=True, slots=True)
class LatestModel:
    """The latest promoted model.

    Attributes:
        version: Its name for people, such as its date.
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
        version: Its name for people.
        values: Each metric's value; empty where it could not be evaluated.
        problem: Why it could not be evaluated.
    """

    version: str
    values: dict[str, float]
    problem: str = ""


def measure_latest(latest: LatestModel, held_out: HeldOut | None, metrics: Sequence[Metric]) -> LatestMetrics:
    """Evaluate a model on held-out rows; a failure is returned, not raised."""
    if held_out is None:
        return LatestMetrics(latest.version, {}, "the new model's own code held out the rows, if any")
    if latest.model is None:
        problem = latest.problem or "it is not there"
        return LatestMetrics(latest.version, {}, f"{latest.version} cannot be loaded ({problem})")
    target = latest.manifest.get("data", {}).get("target", {}).get("name", held_out.actual.name)
    if target != held_out.actual.name:
        return LatestMetrics(
            latest.version, {}, f"{latest.version} predicts another target, {quoted(target)}"
        )
    features, problem = _features_for(latest, held_out)
    if problem:
        return LatestMetrics(latest.version, {}, f"{latest.version} {problem}")
    try:
        with isolated():
            predictions = ask(latest.model, held_out.task, features)
            if held_out.task == CLASSIFICATION:
                known = {*held_out.actual.unique(), *getattr(latest.model, "classes_", ())}
                check_classes(latest.model, predictions.values, known)
            evaluation = evaluate(
                held_out.task,
                held_out.actual,
                predictions,
                metrics,
                held_out.positive,
                weights=held_out.weights,
            )
    except Exception as error:  # noqa: BLE001 - an older model may fail at new rows in any way
        problem = f"{latest.version} failed on the held-out rows ({type(error).__name__}: {str(error)[:200]})"
        return LatestMetrics(latest.version, {}, problem)
    return LatestMetrics(latest.version, evaluation.metrics)


def measure_latest_clusters(latest: LatestModel, rows: ScoredRows, names: Sequence[str]) -> LatestMetrics:
    """Measure the clusters of a model on held-out rows, at the new model's distances; a failure is returned, not raised."""
    if latest.model is None:
        problem = latest.problem or "it is not there"
        return LatestMetrics(latest.version, {}, f"{latest.version} cannot be loaded ({problem})")
    task = (latest.manifest.get("evaluation") or {}).get("task")
    if task != rows.task:
        return LatestMetrics(latest.version, {}, f"{latest.version} does another task, {task or 'unknown'}")
    features, problem = _features_for(latest, rows)
    if problem:
        return LatestMetrics(latest.version, {}, f"{latest.version} {problem}")
    try:
        with isolated():
            labels = ask(latest.model, rows.task, features).values  # noqa: PD011 - not a Series
            values = {name: measure_clusters(name, rows, labels) for name in names}
    except Exception as error:  # noqa: BLE001 - an older model may fail at new rows in any way
        problem = f"{latest.version} failed on the held-out rows ({type(error).__name__}: {str(error)[:200]})"
        return LatestMetrics(latest.version, {}, problem)
    return LatestMetrics(latest.version, values)


def _features_for(latest: LatestModel, held_out: HeldOut | ScoredRows) -> tuple[pd.DataFrame, str]:
    """Return the held-out rows in the types that the latest model learned, and what keeps it from predicting them."""
    rows = held_out.features
    names = feature_names(latest.model, latest.manifest) or list(rows.columns)
    if missing := [name for name in names if name not in rows.columns]:
        return rows, f"learned from {listed(missing)} too, which the new model does not use"
    features, problems = as_learned(rows[names], latest.manifest)
    return features, f"learned from other types: {'; '.join(problems)}" if problems else ""


def may_know_rows(latest: LatestModel, manifest: Mapping[str, Any]) -> bool:
    """Return whether the latest model may have learned from rows that are held out now.

    It has not where the rows and their split are the same, or where the split is by time and holds out later rows.
    """
    split, before = manifest.get("split"), latest.manifest.get("split")
    if latest.model is None or split is None or split["time_column"] is not None:
        return False
    return bool(split != before) or _dataset_hash(manifest) != _dataset_hash(latest.manifest)


def _dataset_hash(manifest: Mapping[str, Any]) -> str | None:
    found: str | None = manifest.get("provenance", {}).get("dataset", {}).get("sha256")
    return found
