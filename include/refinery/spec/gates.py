"""What a model must reach before it is promoted, and the result."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.errors import SpecError
from refinery.wording import list_names, shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN = "min"
MAX = "max"
NO_WORSE = "no_worse_than_latest"
PASSED = "passed"
WARNED = "warned"
REJECTED = "rejected"
_KINDS = (MIN, MAX, NO_WORSE)
# scikit-learn's names of errors, whose values are positive here.
_NEGATED = "neg_"
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much worse than the latest model a model may be.

    Attributes:
        amount: The allowed difference, in the metric's unit or as a share of the latest model's value.
        relative: Whether it is a share.
    """

    amount: float
    relative: bool

    def __str__(self) -> str:
        return f"{self.amount:.4g}" if not self.relative else f"{self.amount * 100:.4g}%"

    def of(self, value: float) -> float:
        """Return the allowed difference from a value."""
        return self.amount * abs(value) if self.relative else self.amount


@dataclass(frozen=True, slots=True)
class Requirement:
    """The requirement for one metric.

    Attributes:
        metric: The metric's name.
        minimum: The minimum, None for any.
        maximum: The maximum, None for any.
        no_worse_than_latest: How much worse than the latest promoted model it may be, None for any.
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    no_worse_than_latest: Tolerance | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of one gate.

    Attributes:
        metric: The metric's name.
        kind: "min", "max" or "no_worse_than_latest".
        required: The minimum or maximum that passes; None if unknown.
        measured: The model's value, None if it has none.
        margin: The distance from the required value, negative if missed; None if either is None.
        passed: Whether it passed.
        sentence: All of this in one sentence.
    """

    metric: str
    kind: str
    required: float | None
    measured: float | None
    margin: float | None
    passed: bool
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for the manifest."""
        return asdict(self)


def parse_requirements(require: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Read gates by metric, such as {"r2": {"min": 0.35}, "mae": {"no_worse_than_latest": "10%"}}.

    Raises:
        SpecError: A key or a value is invalid.
    """
    return tuple(_parse(f"require.{metric}", str(metric), bounds) for metric, bounds in require.items())


def needs_latest(require: Mapping[str, Any]) -> bool:
    """Return whether judging a new model needs the latest promoted one.

    Raises:
        SpecError: A key or a value is invalid.
    """
    return any(requirement.no_worse_than_latest for requirement in parse_requirements(require))


def _parse(key: str, name: str, bounds: Any) -> Requirement:
    if not hasattr(bounds, "items") or not bounds:
        raise SpecError(key, f"has no requirement; add one of {list_names(_KINDS)}, such as {{min: 0.5}}.")
    for kind in bounds:
        if kind not in _KINDS:
            raise SpecError(f"{key}.{kind}", f"unknown requirement{suggestion(str(kind), _KINDS)}")
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
        problem = f"errors are not negated here; use {requirement.metric} with a max of 0 or more."
        raise SpecError(key, problem)
    if low is not None and high is not None and low > high:
        raise SpecError(key, f"min {low:g} is greater than max {high:g}; swap them.")
    return requirement


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SpecError(key, f"is {shown(value):.40}; write a number.")
    return float(value)


def _tolerance(key: str, value: Any) -> Tolerance:
    if isinstance(value, str) and (percent := _PERCENT.fullmatch(value)):
        return Tolerance(float(percent.group(1)) / 100, relative=True)
    problem = f"is {shown(value):.40}; write a number of 0 or more, or a percentage such as 10%."
    if isinstance(value, str):
        raise SpecError(key, problem)
    amount = _number(key, value)
    if amount < 0:
        raise SpecError(key, problem)
    return Tolerance(amount, relative=False)
