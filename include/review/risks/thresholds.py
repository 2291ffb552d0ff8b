"""What a project holds for too much: the table [tool.refinery.plan] of pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from include.config.problems import suggest_name
from include.review.errors import ReviewError
from include.review.plan import Severity
from include.review.risks.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

PYPROJECT = "pyproject.toml"
_TABLE = "tool.refinery.plan"
_LEVELS = (*get_args(Severity), "off")


class ThresholdsError(ReviewError):
    """Settings of the plan that cannot be used.

    Attributes:
        key: The dotted key; empty where the file itself cannot be read.
        problem: What is wrong and what to write instead.
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        self.problem = problem
        super().__init__(": ".join(filter(None, (PYPROJECT, key, problem))))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is too much.

    Attributes:
        schedule_factor: A schedule that brings more than so many times as many runs is a risk.
        catchup_runs: More past runs than these are a risk.
        matrix_size: A matrix that grows beyond so many pipelines is a risk.
        severity: How bad risks are, by code, where the project sees them otherwise; "off" leaves one out.
    """

    schedule_factor: int = 4
    catchup_runs: int = 0
    matrix_size: int = 20
    severity: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict)

    def severity_of(self, code: str) -> Severity | None:
        """Return how bad a risk is; None for one that is left out."""
        level = self.severity.get(code, KINDS[code].severity)
        return None if level == "off" else level

    def edits_since(self, before: Thresholds) -> list[str]:
        """Say which settings are others than before, as "catchup_runs 0 -> 10", "R001 high -> off"."""
        numbers = (
            (one.name, getattr(before, one.name), getattr(self, one.name))
            for one in fields(self)
            if one.name != "severity"
        )
        levels = (
            (code, *(one.severity.get(code, KINDS[code].severity) for one in (before, self)))
            for code in KINDS
        )
        return [f"{name} {old} -> {new}" for name, old, new in (*numbers, *levels) if old != new]

    @classmethod
    def from_pyproject(cls, text: str) -> Thresholds:
        """Read them from the text of a pyproject.toml; the defaults where it has no such table.

        Raises:
            ThresholdsError: The text is no TOML, or a key or a value is wrong.
        """
        try:
            table: Any = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ThresholdsError("", f"is no TOML: {error}") from error
        for key in _TABLE.split("."):
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise ThresholdsError(_TABLE, "expected a table of settings")
        return cls(**{key: _read(key, value) for key, value in table.items()})


def _read(key: str, value: Any) -> Any:
    known = [one.name for one in fields(Thresholds)]
    if key not in known:
        raise ThresholdsError(f"{_TABLE}.{key}", f"unknown key{suggest_name(key, known)}")
    if key == "severity":
        return _read_severity(value)
    if type(value) is not int or value < 0:
        raise ThresholdsError(f"{_TABLE}.{key}", f"expected a whole number of at least 0; found {value!r}")
    return value


def _read_severity(table: Any) -> Any:
    key = f"{_TABLE}.severity"
    if not isinstance(table, dict):
        raise ThresholdsError(key, 'expected levels by code, as severity = {R005 = "low"}')
    for code, level in table.items():
        if code not in KINDS:
            raise ThresholdsError(f"{key}.{code}", "there is no such risk; docs/risks.md has them all")
        if level not in _LEVELS:
            raise ThresholdsError(f"{key}.{code}", f"expected {', '.join(_LEVELS)}; found {level!r}")
    return table
