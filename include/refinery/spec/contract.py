"""The data contract of a config: rules for the rows and for each column."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from refinery.spec.errors import SpecError
from refinery.wording import list_names, shown, suggestion

NUMBER = "number"
INTEGER = "integer"
TEXT = "text"
BOOLEAN = "boolean"
DATE = "date"
CATEGORY = "category"
COLUMN_TYPES = (NUMBER, INTEGER, TEXT, BOOLEAN, DATE, CATEGORY)

_BOUNDED_TYPES = (NUMBER, INTEGER, DATE)
_TEXT_TYPES = (TEXT, CATEGORY)


@dataclass(frozen=True, slots=True)
class Bounds:
    """An inclusive range.

    Attributes:
        min: The minimum; None sets no bound.
        max: The maximum; None sets no bound.
    """

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRules:
    """The rules for a column, which must exist even if nothing else is required.

    Attributes:
        type: One of COLUMN_TYPES; None allows any, or the type that the other rules imply.
        min: The minimum; for dates, a date or its text.
        max: The maximum.
        nulls: How many rows may have no value: a share if below 1, else a count; None allows any.
        unique: Whether all values must be distinct.
        values: The allowed values; an empty tuple allows all.
        pattern: A regular expression that each whole text must match.
    """

    type: str | None = None
    min: float | str | dt.date | None = None
    max: float | str | dt.date | None = None
    nulls: float | None = None
    unique: bool = False
    values: tuple[Any, ...] = ()
    pattern: str | None = None

    @property
    def implied_type(self) -> str | None:
        """The type that the column must have, given or implied by another rule."""
        if self.type:
            return self.type
        bound = self.min if self.min is not None else self.max
        if bound is not None:
            return DATE if isinstance(bound, (str, dt.date)) else NUMBER
        return TEXT if self.pattern is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a config expects of its dataset.

    Attributes:
        rows: The allowed number of rows.
        columns: The rules of each column, by name.
        other_columns: Whether columns without rules may exist.
    """

    rows: Bounds = field(default_factory=Bounds)
    columns: Mapping[str, ColumnRules] = field(default_factory=dict)
    other_columns: bool = True

    @classmethod
    def from_dict(cls, expect: Mapping[str, Any]) -> Contract:
        """Read a config's `expect`.

        Raises:
            SpecError: A key is unknown, or a value is invalid.
        """
        _check_keys("", expect, [f.name for f in fields(cls)])
        columns = expect.get("columns") or {}
        if not isinstance(columns, Mapping):
            raise _error("columns", "is not a mapping; write one from column names to rules")
        other_columns = expect.get("other_columns", True)
        if not isinstance(other_columns, bool):
            raise _error("other_columns", f"is {shown(other_columns)}; write true or false")
        return cls(
            rows=_read_rows(expect.get("rows") or {}),
            columns={str(name): _read_column(f"columns.{name}", rules) for name, rules in columns.items()},
            other_columns=other_columns,
        )

    @property
    def rule_count(self) -> int:
        """The number of rules to check."""
        rules = sum(bound is not None for bound in (self.rows.min, self.rows.max)) + (not self.other_columns)
        return rules + sum(1 + _count_set(column) for column in self.columns.values())


def _count_set(rules: ColumnRules) -> int:
    return sum(getattr(rules, f.name) != f.default for f in fields(rules))


def _read_rows(rows: Any) -> Bounds:
    _check_keys("rows", rows, ["min", "max"])
    for name, value in rows.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _error(f"rows.{name}", f"is {shown(value)}; write a whole number")
    bounds = Bounds(rows.get("min"), rows.get("max"))
    if bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        raise _error("rows", f"min {bounds.min} is greater than max {bounds.max}")
    return bounds


def _read_column(key: str, rules: Any) -> ColumnRules:
    given = rules or {}
    _check_keys(key, given, [f.name for f in fields(ColumnRules)])
    values = given.get("values")
    if values is not None and (isinstance(values, str) or not isinstance(values, Sequence) or not values):
        raise _error(f"{key}.values", "is not a list; write one of the allowed values")
    column = ColumnRules(**{**given, "values": tuple(values or ())})
    _check_type(key, column)
    _check_nulls(key, column.nulls)
    _check_bounds(key, column)
    _check_pattern(key, column)
    return column


def _check_keys(key: str, given: Any, known: Sequence[str]) -> None:
    if not isinstance(given, Mapping):
        raise _error(key, f"is {shown(given):.40}; write a mapping of {list_names(known)}")
    if unknown := [str(name) for name in given if name not in known]:
        place = f"{key}.{unknown[0]}" if key else unknown[0]
        raise _error(place, f"unknown key{suggestion(unknown[0], known)} Known keys: {list_names(known)}")


def _check_type(key: str, column: ColumnRules) -> None:
    if column.type is not None and column.type not in COLUMN_TYPES:
        near = suggestion(str(column.type), COLUMN_TYPES)
        problem = f"unknown type {shown(str(column.type))}{near} Known types: {', '.join(COLUMN_TYPES)}"
        raise _error(f"{key}.type", problem)
    if column.values and column.type == DATE:
        raise _error(f"{key}.values", "does not apply to dates; use min and max")
    if not isinstance(column.unique, bool):
        raise _error(f"{key}.unique", f"is {shown(column.unique)}; write true or false")


def _check_nulls(key: str, nulls: Any) -> None:
    number = isinstance(nulls, (int, float)) and not isinstance(nulls, bool)
    if nulls is None or (number and (0 <= nulls < 1 or (nulls >= 1 and nulls == int(nulls)))):
        return
    problem = f"is {shown(nulls)}; write a share below 1 such as 0.05, or a whole number of rows"
    raise _error(f"{key}.nulls", problem)


def _check_bounds(key: str, column: ColumnRules) -> None:
    for name in ("min", "max"):
        bound = getattr(column, name)
        if bound is None:
            continue
        if column.implied_type not in _BOUNDED_TYPES:
            raise _error(
                f"{key}.{name}",
                f"applies to numbers and dates, but the type is {column.type}; remove it or change the type",
            )
        if column.implied_type == DATE:
            _parse_date(f"{key}.{name}", bound)
        elif isinstance(bound, bool) or not isinstance(bound, (int, float)):
            raise _error(f"{key}.{name}", f"is {shown(bound)}; write a number")
    if column.min is not None and column.max is not None:
        low, high = column.min, column.max
        if column.implied_type == DATE:
            low, high = _parse_date(key, low), _parse_date(key, high)
        if low > high:  # type: ignore[operator]  # both are numbers, or both are dates
            raise _error(key, f"min {column.min} is greater than max {column.max}")


def _parse_date(key: str, bound: Any) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(str(bound)).replace(tzinfo=None)
    except ValueError as error:
        raise _error(key, f"is {shown(bound)}; write a date such as 2026-01-31") from error


def _check_pattern(key: str, column: ColumnRules) -> None:
    if column.pattern is None:
        return
    if column.implied_type not in _TEXT_TYPES:
        raise _error(
            f"{key}.pattern", f"applies to text, but the type is {column.type}; remove it or change the type"
        )
    try:
        re.compile(column.pattern)
    except (re.error, TypeError) as error:
        problem = f"{shown(column.pattern)} is not a valid regular expression: {error}"
        raise _error(f"{key}.pattern", problem) from error


def _error(key: str, problem: str) -> SpecError:
    return SpecError(f"expect.{key}" if key else "expect", f"{problem}.")
