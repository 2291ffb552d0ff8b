"""Reads the config's `require`: what a model must reach before it is promoted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.errors import RequirementError, listed, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN = "min"
MAX = "max"
NO_WORSE = "no_worse_than_latest"
_KINDS = (MIN, MAX, NO_WORSE)
# scikit-learn's names of errors, whose values are positive here.
_NEGATED = "neg_"
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how much a model may be worse than the latest.

    Attributes:
        amount: The difference allowed: in the metric's own unit, or as a share of the latest model's value.
        relative: Whether it is a share.
    """

    amount: float
    relative: bool

    def __str__(self) -> str:
        return f"{self.amount:.4g}" if not self.relative else f"{self.amount * 100:.4g}%"

    def of(self, value: float) -> float:
        """Give the difference allowed from a value."""
        return self.amount * abs(value) if self.relative else self.amount


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is required of one metric.

    Attributes:
        metric: The metric's name.
        minimum: The least value, None for any.
        maximum: The greatest value, None for any.
        no_worse_than_latest: How much worse than the latest promoted model it may be, None for any.
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    no_worse_than_latest: Tolerance | None = None


def parse_requirements(require: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Read gates by metric, as {"r2": {"min": 0.35}, "mae": {"no_worse_than_latest": "10%"}}.

    Raises:
        RequirementError: A key or a value is none that can be required.
    """
    return tuple(_parse(f"require.{metric}", str(metric), bounds) for metric, bounds in require.items())


def needs_latest(require: Mapping[str, Any]) -> bool:
    """Tell whether the latest promoted model is needed to judge a new one.

    Raises:
        RequirementError: A key or a value is none that can be required.
    """
    return any(requirement.no_worse_than_latest for requirement in parse_requirements(require))


def _parse(key: str, name: str, bounds: Any) -> Requirement:
    if not hasattr(bounds, "items") or not bounds:
        raise RequirementError(key, f"it needs one of {listed(_KINDS)}, as {{min: 0.5}}.")
    for kind in bounds:
        if kind not in _KINDS:
            raise RequirementError(f"{key}.{kind}", f"there is no such gate{suggestion(str(kind), _KINDS)}")
    requirement = Requirement(
        name.removeprefix(_NEGATED),
        minimum=_number(f"{key}.{MIN}", bounds[MIN]) if MIN in bounds else None,
        maximum=_number(f"{key}.{MAX}", bounds[MAX]) if MAX in bounds else None,
        no_worse_than_latest=_tolerance(f"{key}.{NO_WORSE}", bounds[NO_WORSE])
        if NO_WORSE in bounds
        else None,
    )
    low, high = requirement.minimum, requirement.maximum
    if name.startswith(_NEGATED) and min(low or 0.0, high or 0.0) < 0:
        problem = (
            f"an error is no negative number here: require {requirement.metric} with a max of 0 or more."
        )
        raise RequirementError(key, problem)
    if low is not None and high is not None and low > high:
        raise RequirementError(key, f"no value is at least {low:g} and at most {high:g}.")
    return requirement


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RequirementError(key, f"a number is needed, not {value!r:.40}.")
    return float(value)


def _tolerance(key: str, value: Any) -> Tolerance:
    if isinstance(value, str) and (percent := _PERCENT.fullmatch(value)):
        return Tolerance(float(percent.group(1)) / 100, relative=True)
    problem = f"a number of 0 or more is needed, or a text such as '10%', not {value!r:.40}."
    if isinstance(value, str):
        raise RequirementError(key, problem)
    amount = _number(key, value)
    if amount < 0:
        raise RequirementError(key, problem)
    return Tolerance(amount, relative=False)
