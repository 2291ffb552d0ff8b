"""A kind of risk with the check that finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from refinery.review.plan import Severity
    from refinery.review.risks.finding import Finding, Review

    Find = Callable[[Review], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of risk.

    Attributes:
        code: Its stable code.
        severity: How bad it is, unless the project sets another level.
        title: What it is in a few words.
        meaning: When it is raised and why that matters.
        remedy: What to do about it.
    """

    code: str
    severity: Severity
    title: str
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Check:
    """A kind of risk and the function that finds it."""

    kind: Kind
    find: Find


def risk(code: str, severity: Severity, title: str, *, meaning: str, remedy: str) -> Callable[[Find], Check]:
    """Declare the risk that the function below finds."""
    return lambda find: Check(Kind(code, severity, title, meaning, remedy), find)
