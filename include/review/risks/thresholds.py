"""What a project holds for too much: the table [tool.refinery.plan] of pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from include.config.problems import suggest_name
from include.errors import RefineryError
from include.review.plan import Severity
from include.review.risks.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TABLE = "tool.refinery.plan"
_LEVELS = (*get_args(Severity), "off")


class ThresholdsError(RefineryError):
    """Settings of the plan that cannot be used.

    Attributes:
        path: The file.
        key: The dotted key; empty where the file itself cannot be read.
        problem: What is wrong and what to write instead.
    """

    def __init__(self, path: Path, key: str, problem: str) -> None:
        self.path = path
        self.key = key
        self.problem = problem
        super().__init__(": ".join(filter(None, (path.name, key, problem))))


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

    @classmethod
    def from_pyproject(cls, path: Path) -> Thresholds:
        """Read them; the defaults where there is no file or no table.

        Args:
            path: The pyproject.toml.

        Raises:
            ThresholdsError: The file is no TOML, or a key or a value is wrong.
        """
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise ThresholdsError(path, "", f"cannot be read: {error}") from error
        table: Any = document
        for key in _TABLE.split("."):
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise ThresholdsError(path, _TABLE, "is a table of settings; write [tool.refinery.plan]")
        return cls(**{key: _read(path, key, value) for key, value in table.items()})


def _read(path: Path, key: str, value: Any) -> Any:
    known = [one.name for one in fields(Thresholds)]
    if key not in known:
        raise ThresholdsError(path, f"{_TABLE}.{key}", f"unknown key{suggest_name(key, known)}")
    if key == "severity":
        return _read_severity(path, value)
    if type(value) is not int or value < 0:
        raise ThresholdsError(
            path, f"{_TABLE}.{key}", f"expected a whole number of at least 0; found {value!r}"
        )
    return value


def _read_severity(path: Path, table: Any) -> Any:
    key = f"{_TABLE}.severity"
    if not isinstance(table, dict):
        raise ThresholdsError(path, key, 'expected levels by code, as severity = {R005 = "low"}')
    for code, level in table.items():
        if code not in KINDS:
            raise ThresholdsError(path, f"{key}.{code}", "there is no such risk; docs/risks.md has them all")
        if level not in _LEVELS:
            raise ThresholdsError(path, f"{key}.{code}", f"expected {', '.join(_LEVELS)}; found {level!r}")
    return table
