"""Replays bounds that a change sets over the last runs: which of their models they would have let pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from refinery.errors import RefineryError
from refinery.review import Backtest
from refinery.spec.gates import parse_requirements
from refinery.trial.history import read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_s3 import S3Client

    from refinery.config import Pipeline
    from refinery.review import Plan
    from refinery.spec.urls import S3Url
    from refinery.trial.history import History, PastRun


class _Bound(NamedTuple):
    """The least or the greatest value that a metric, or the dataset's number of rows, may have."""

    key: str
    metric: str
    comparison: str
    limit: float

    def value_of(self, run: PastRun) -> float | None:
        """Return what a run measured; None where its manifest does not say."""
        section = run.manifest.get("metrics" if self.key == "require" else "data") or {}
        value = section.get(self.metric)
        return float(value) if isinstance(value, int | float) else None

    def admits(self, value: float) -> bool:
        """Return whether a model with this value passes."""
        is_within = value >= self.limit if self.comparison == ">=" else value <= self.limit
        return is_within or math.isclose(value, self.limit, rel_tol=1e-9)

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison} {self.limit:g}"


def backtest(plan: Plan, s3: Callable[[S3Url, str], S3Client]) -> tuple[Backtest, ...]:
    """Hold the last models of each pipeline against the bounds that change: those of metrics, and of the dataset's rows.

    A bound against the latest model is not replayed: it is judged on the same held-out rows, which only a run has.

    Args:
        plan: The plan.
        s3: Returns the client for a URL and an Airflow connection.
    """
    return tuple(
        one
        for change in plan.first_of_each()
        if change.base and change.head
        for one in _backtest(change.dag_id, change.base, change.head, s3)
    )


def _backtest(
    dag_id: str, base: Pipeline, head: Pipeline, s3: Callable[[S3Url, str], S3Client]
) -> Iterator[Backtest]:
    former = {*_bounds(base)}
    if not (bounds := [bound for bound in _bounds(head) if bound not in former]):
        return
    try:
        history = read_history(base, s3)
    except RefineryError as error:
        yield Backtest(dag_id, problem=str(error))
        return
    yield from (_replay(dag_id, bound, history) for bound in bounds)


def _replay(dag_id: str, bound: _Bound, history: History) -> Backtest:
    promoted, rejected = _measured(history.promoted, bound), _measured(history.rejected, bound)
    failing = [version for version, value in promoted if not bound.admits(value)]
    return Backtest(
        dag_id,
        condition=str(bound),
        values=tuple(value for _, value in reversed(promoted)),
        failing=tuple(failing),
        rejected=len(rejected),
        passing=sum(bound.admits(value) for _, value in rejected),
    )


def _measured(runs: Sequence[PastRun], bound: _Bound) -> list[tuple[str, float]]:
    return [(run.version, value) for run in runs if (value := bound.value_of(run)) is not None]


def _bounds(pipeline: Pipeline) -> Iterator[_Bound]:
    training = pipeline.config.training
    for gate in parse_requirements(training.get("require", {})):
        yield from _both("require", gate.metric, gate.minimum, gate.maximum)
    rows = training.get("expect", {}).get("rows", {})
    yield from _both("expect", "rows", rows.get("min"), rows.get("max"))


def _both(key: str, metric: str, least: float | None, greatest: float | None) -> Iterator[_Bound]:
    if least is not None:
        yield _Bound(key, metric, ">=", least)
    if greatest is not None:
        yield _Bound(key, metric, "<=", greatest)
