"""What counts as too much in a project: the table [tool.refinery.plan] of pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from refinery.review.errors import ReviewError
from refinery.review.plan import Severity
from refinery.review.risks.kinds import KINDS
from refinery.wording import suggest_name

if TYPE_CHECKING:
    from collections.abc import Mapping

PYPROJECT = "pyproject.toml"
_TABLE = "tool.refinery.plan"
_LEVELS = (*get_args(Severity), "off")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as too much.

    Attributes:
        schedule_factor: A schedule that brings more than this many times as many runs is a risk.
        rarer_factor: A schedule that brings this many times fewer runs is a risk.
        start_days: A start date further ahead than this many days is a risk.
        catchup_runs: More past runs than this are a risk.
        matrix_size: A matrix that grows beyond this many pipelines is a risk.
        severity: How bad risks are, by code, where the project sets another level; "off" leaves one out.
    """

    schedule_factor: int = 4
    rarer_factor: int = 10
    start_days: int = 31
    catchup_runs: int = 0
    matrix_size: int = 20
    severity: Mapping[str, Severity | Literal["off"]] = field(default_factory=dict)

    def severity_of(self, code: str) -> Severity | None:
        """Return how bad a risk is; None for one that is left out."""
        level = self.severity.get(code, KINDS[code].severity)
        return None if level == "off" else level

    def stricter(self, other: Thresholds) -> Thresholds:
        """Take the stricter of two settings, each by itself."""
        numbers = {
            one.name: min(getattr(self, one.name), getattr(other, one.name))
            for one in fields(self)
            if one.name != "severity"
        }
        levels = {
            code: min(
                (one.severity.get(code, KINDS[code].severity) for one in (self, other)), key=_LEVELS.index
            )
            for code in {*self.severity, *other.severity}
        }
        return Thresholds(**numbers, severity=levels)

    def edits_since(self, before: Thresholds) -> list[str]:
        """Name the settings that differ from before, such as "catchup_runs 0 -> 10" and "R001 high -> off"."""
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
            ReviewError: The text is not TOML, or a key or a value is wrong.
        """
        try:
            table: Any = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _error("", f"is not TOML: {error}") from error
        for key in _TABLE.split("."):
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise _error(_TABLE, "expected a table of settings")
        return cls(**{key: _read(key, value) for key, value in table.items()})


def _read(key: str, value: Any) -> Any:
    known = [one.name for one in fields(Thresholds)]
    if key not in known:
        raise _error(f"{_TABLE}.{key}", f"unknown key{suggest_name(key, known)}")
    if key == "severity":
        return _read_severity(value)
    if type(value) is not int or value < 0:
        raise _error(f"{_TABLE}.{key}", f"expected a whole number of at least 0; found {value!r}")
    return value


def _read_severity(table: Any) -> Any:
    key = f"{_TABLE}.severity"
    if not isinstance(table, dict):
        raise _error(key, 'expected levels by code, such as severity = {R005 = "low"}')
    for code, level in table.items():
        if code not in KINDS:
            raise _error(f"{key}.{code}", "unknown risk; docs/risks.md lists them all")
        if level not in _LEVELS:
            raise _error(f"{key}.{code}", f"expected {', '.join(_LEVELS)}; found {level!r}")
    return table


def _error(key: str, problem: str) -> ReviewError:
    return ReviewError(": ".join(filter(None, (PYPROJECT, key, problem))))
