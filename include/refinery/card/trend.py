"""Compare a model's metrics with the baseline and the previously promoted models."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.card.wording import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class Trend:
    """One metric, over the versions.

    Attributes:
        metric: Its name.
        values: The value of each version, the oldest first, this model's last; None if a version has none.
        baseline: The value of a model that has learned nothing, on the same rows.
        spread: The standard deviation over the folds of a cross-validation.
        definition: How a metric that has several common meanings was computed.
        lower_is_better: Whether it is an error; None if that is not known, or neither is better.
        beats_baseline: Whether it is better than the baseline; None if there is no baseline.
    """

    metric: str
    values: tuple[float | None, ...]
    baseline: float | None
    spread: float | None
    definition: str
    lower_is_better: bool | None
    beats_baseline: bool | None

    @property
    def value(self) -> float | None:
        """This model's value."""
        return self.values[-1]

    @property
    def against_baseline(self) -> str:
        """Whether it is better or worse than the baseline, at the precision shown; empty if there is none."""
        if self.beats_baseline is None:
            return ""
        if number(self.value) == number(self.baseline):
            return "the same"
        return "better" if self.beats_baseline else "worse"

    @property
    def previous(self) -> float | None:
        """The value of the last model promoted before this one."""
        return self.values[-2] if len(self.values) > 1 else None


def follow_metrics(manifest: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> list[Trend]:
    """Follow each of a model's metrics through earlier manifests, which are in order."""
    baseline, spread = manifest.get("baseline") or {}, manifest.get("spread") or {}
    evaluation = manifest.get("evaluation") or {}
    definitions, errors = evaluation.get("definitions") or {}, evaluation.get("lower_is_better") or ()
    undirected = evaluation.get("without_direction") or ()
    return [
        Trend(
            str(metric),
            (*(_earlier(version, metric, definitions.get(metric)) for version in history), _number(value)),
            _number(baseline.get(metric)),
            _number(spread.get(metric)),
            str(definitions.get(metric, "")),
            metric in errors if evaluation and metric not in undirected else None,
            _is_better(_number(value), _number(baseline.get(metric)), lower_is_better=metric in errors),
        )
        for metric, value in (manifest.get("metrics") or {}).items()
    ]


def _earlier(version: Mapping[str, Any], metric: str, definition: object) -> float | None:
    """Return an earlier model's value, if it means the same: that of another class would look like a jump."""
    before = ((version.get("evaluation") or {}).get("definitions") or {}).get(metric)
    if None not in (before, definition) and before != definition:
        return None
    return _number((version.get("metrics") or {}).get(metric))


def latest_versions(history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the newest few of earlier manifests, the oldest of them first."""
    return sorted(history, key=lambda manifest: (version_date(manifest), str(manifest.get("created_at"))))[
        -MOST_VERSIONS:
    ]


def version_date(manifest: Mapping[str, Any]) -> str:
    """Return the date of a model: the run's logical date, or else the day on which it was trained."""
    run = (manifest.get("provenance") or {}).get("run") or {}
    return str(run.get("logical_date") or run.get("run_after") or manifest.get("created_at") or "")[:10]


def _is_better(value: float | None, baseline: float | None, *, lower_is_better: bool) -> bool | None:
    if value is None or baseline is None:
        return None
    return value < baseline if lower_is_better else value > baseline


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        return None
    return float(value)
