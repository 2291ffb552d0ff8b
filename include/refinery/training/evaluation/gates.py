"""Compare a model's metrics with what the config requires."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from refinery.spec.gates import MAX, MIN, NO_WORSE, PASSED, REJECTED, WARNED, GateResult
from refinery.training.evaluation.metrics import is_higher_better
from refinery.wording import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refinery.spec.gates import Requirement, Tolerance
    from refinery.training.evaluation.latest import LatestMetrics


def check_gates(
    requirements: Sequence[Requirement],
    metrics: Mapping[str, float],
    left_out: Mapping[str, str],
    latest: LatestMetrics | None,
) -> tuple[GateResult, ...]:
    """Compare metrics with requirements.

    A metric without a value fails its gates. Against the latest model, the first model ever passes; a latest model
    that cannot be evaluated on the same rows fails, since nobody knows whether the new one is worse.

    Args:
        requirements: What is required.
        metrics: The model's metrics.
        left_out: Metrics without a value, each with the reason.
        latest: The latest promoted model's metrics on the same rows; None where there is no promoted model.
    """
    results: list[GateResult] = []
    for requirement in requirements:
        measured = metrics.get(requirement.metric)
        if measured is None or not math.isfinite(measured):
            reason = left_out.get(requirement.metric) or _unknown(requirement.metric, metrics)
            results += [
                _without_value(requirement.metric, kind, required, reason)
                for kind, required in _kinds(requirement)
            ]
        else:
            results += _check(requirement, measured, latest)
    return tuple(results)


def conclude(results: Sequence[GateResult], *, warn_only: bool) -> str | None:
    """Return what becomes of the model: "passed", "warned" or "rejected"; None without gates."""
    if not results:
        return None
    if all(result.passed for result in results):
        return PASSED
    return WARNED if warn_only else REJECTED


def _check(requirement: Requirement, measured: float, latest: LatestMetrics | None) -> Iterator[GateResult]:
    if requirement.minimum is not None:
        yield _compare(requirement.metric, MIN, measured, requirement.minimum, higher_is_better=True)
    if requirement.maximum is not None:
        yield _compare(requirement.metric, MAX, measured, requirement.maximum, higher_is_better=False)
    if requirement.no_worse_than_latest is not None:
        yield _against_latest(requirement.metric, measured, requirement.no_worse_than_latest, latest)


def _compare(
    metric: str, kind: str, measured: float, required: float, *, higher_is_better: bool, why: str = ""
) -> GateResult:
    margin = measured - required if higher_is_better else required - measured
    # The last digits of equal models may differ where sums were added in another order.
    passed = margin >= 0 or math.isclose(measured, required, rel_tol=1e-9)
    bound = "at least" if higher_is_better else "at most"
    outcome = f"{abs(margin):.4g} to spare" if passed else f"missed by {abs(margin):.4g}"
    sentence = f"{metric} is {measured:.4g}, and {bound} {required:.4g} is required{why}: {outcome}."
    return GateResult(metric, kind, required, measured, margin, passed, sentence)


def _against_latest(
    metric: str, measured: float, tolerance: Tolerance, latest: LatestMetrics | None
) -> GateResult:
    if latest is None:
        sentence = f"{metric} is {measured:.4g}, and there is no promoted model to compare with yet."
        return GateResult(metric, NO_WORSE, None, measured, None, passed=True, sentence=sentence)
    value = latest.values.get(metric)
    if value is None:
        problem = latest.problem or f"the latest model {latest.version} has no {metric} there"
        sentence = f"{metric} is {measured:.4g}, and cannot be compared with the latest model's: {problem}."
        return GateResult(metric, NO_WORSE, None, measured, None, passed=False, sentence=sentence)
    better = is_higher_better(metric)
    required = value - tolerance.of(value) if better else value + tolerance.of(value)
    why = (
        f" (the latest model {latest.version} has {value:.4g} on the same rows, {tolerance} worse is allowed)"
    )
    return _compare(metric, NO_WORSE, measured, required, higher_is_better=better, why=why)


def _kinds(requirement: Requirement) -> list[tuple[str, float | None]]:
    bounds = [(MIN, requirement.minimum), (MAX, requirement.maximum)]
    named: list[tuple[str, float | None]] = [(kind, bound) for kind, bound in bounds if bound is not None]
    return named + ([(NO_WORSE, None)] if requirement.no_worse_than_latest is not None else [])


def _without_value(metric: str, kind: str, required: float | None, reason: str) -> GateResult:
    wanted = {MIN: "at least ", MAX: "at most "}.get(kind, "no worse than the latest model's")
    bound = wanted if required is None else f"{wanted}{required:.4g}"
    sentence = f"{metric} has no value, and {bound} is required: {reason}."
    return GateResult(metric, kind, required, None, None, passed=False, sentence=sentence)


def _unknown(metric: str, metrics: Mapping[str, float]) -> str:
    return f"the model was not measured by it{suggestion(metric, metrics)}".rstrip(".?")
