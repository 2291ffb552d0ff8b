"""The contract as a config writes it: rules for the rows and for each column."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from include.training.errors.contract import InvalidContractError
from include.training.errors.wording import listed, suggestion

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
    """The least and the greatest that a number may be, both allowed.

    Attributes:
        min: The least; None sets no bound.
        max: The greatest; None sets no bound.
    """

    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRules:
    """What is expected of a column; it must be there, even where nothing else is said of it.

    Attributes:
        type: One of COLUMN_TYPES; None takes any, or what the other rules need.
        min: The least value; of dates, a date or its text.
        max: The greatest value.
        nulls: How many rows may have no value: a share where it is below 1, a count from 1 on; None is any.
        unique: Whether each value may stand there once only.
        values: The values that are allowed; none allows all.
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
        """The type that the column must have, said or implied by another rule."""
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
        rows: How many rows there may be.
        columns: The rules of each column, by its name.
        other_columns: Whether columns that are not named may be there.
    """

    rows: Bounds = field(default_factory=Bounds)
    columns: Mapping[str, ColumnRules] = field(default_factory=dict)
    other_columns: bool = True

    @classmethod
    def from_dict(cls, expect: Mapping[str, Any]) -> Contract:
        """Read a config's `expect`.

        Raises:
            InvalidContractError: A key is unknown, or a value makes no sense.
        """
        _check_keys("", expect, [f.name for f in fields(cls)])
        columns = expect.get("columns") or {}
        if not isinstance(columns, Mapping):
            raise InvalidContractError("columns", "is no mapping of column names to rules")
        other_columns = expect.get("other_columns", True)
        if not isinstance(other_columns, bool):
            raise InvalidContractError("other_columns", f"is {other_columns!r}; write true or false")
        return cls(
            rows=_read_rows(expect.get("rows") or {}),
            columns={str(name): _read_column(f"columns.{name}", rules) for name, rules in columns.items()},
            other_columns=other_columns,
        )

    @property
    def rule_count(self) -> int:
        """How many rules there are to check."""
        rules = sum(bound is not None for bound in (self.rows.min, self.rows.max)) + (not self.other_columns)
        return rules + sum(1 + _count_set(column) for column in self.columns.values())


def _count_set(rules: ColumnRules) -> int:
    return sum(getattr(rules, f.name) != f.default for f in fields(rules))


def _read_rows(rows: Any) -> Bounds:
    _check_keys("rows", rows, ["min", "max"])
    for name, value in rows.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidContractError(f"rows.{name}", f"is {value!r}; write a whole number")
    bounds = Bounds(rows.get("min"), rows.get("max"))
    if bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        raise InvalidContractError("rows", f"min {bounds.min} is greater than max {bounds.max}")
    return bounds


def _read_column(key: str, rules: Any) -> ColumnRules:
    given = rules or {}
    _check_keys(key, given, [f.name for f in fields(ColumnRules)])
    values = given.get("values")
    if values is not None and (isinstance(values, str) or not isinstance(values, Sequence) or not values):
        raise InvalidContractError(f"{key}.values", "is no list of values")
    column = ColumnRules(**{**given, "values": tuple(values or ())})
    _check_type(key, column)
    _check_nulls(key, column.nulls)
    _check_bounds(key, column)
    _check_pattern(key, column)
    return column


def _check_keys(key: str, given: Any, known: Sequence[str]) -> None:
    if not isinstance(given, Mapping):
        raise InvalidContractError(key, f"is {given!r:.40}; write a mapping of {listed(known)}")
    if unknown := [str(name) for name in given if name not in known]:
        place = f"{key}.{unknown[0]}" if key else unknown[0]
        raise InvalidContractError(
            place, f"unknown key{suggestion(unknown[0], known)} Known are {listed(known)}"
        )


def _check_type(key: str, column: ColumnRules) -> None:
    if column.type is not None and column.type not in COLUMN_TYPES:
        near = suggestion(str(column.type), COLUMN_TYPES)
        problem = f"there is no type {str(column.type)!r}{near} The types are {', '.join(COLUMN_TYPES)}"
        raise InvalidContractError(f"{key}.type", problem)
    if column.values and column.type == DATE:
        raise InvalidContractError(f"{key}.values", "fits no date; bound dates with min and max")
    if not isinstance(column.unique, bool):
        raise InvalidContractError(f"{key}.unique", f"is {column.unique!r}; write true or false")


def _check_nulls(key: str, nulls: Any) -> None:
    number = isinstance(nulls, (int, float)) and not isinstance(nulls, bool)
    if nulls is None or (number and (0 <= nulls < 1 or (nulls >= 1 and nulls == int(nulls)))):
        return
    problem = f"is {nulls!r}; write a share below 1 such as 0.05, or a whole number of rows"
    raise InvalidContractError(f"{key}.nulls", problem)


def _check_bounds(key: str, column: ColumnRules) -> None:
    for name in ("min", "max"):
        bound = getattr(column, name)
        if bound is None:
            continue
        if column.implied_type not in _BOUNDED_TYPES:
            raise InvalidContractError(
                f"{key}.{name}", f"bounds no {column.type}; bounded are numbers and dates"
            )
        if column.implied_type == DATE:
            _parse_date(f"{key}.{name}", bound)
        elif isinstance(bound, bool) or not isinstance(bound, (int, float)):
            raise InvalidContractError(f"{key}.{name}", f"is {bound!r}; write a number")
    if column.min is not None and column.max is not None:
        low, high = column.min, column.max
        if column.implied_type == DATE:
            low, high = _parse_date(key, low), _parse_date(key, high)
        if low > high:  # type: ignore[operator]  # both are numbers, or both are dates
            raise InvalidContractError(key, f"min {column.min} is greater than max {column.max}")


def _parse_date(key: str, bound: Any) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(str(bound)).replace(tzinfo=None)
    except ValueError as error:
        raise InvalidContractError(key, f"is {bound!r}; write a date such as '2026-01-31'") from error


def _check_pattern(key: str, column: ColumnRules) -> None:
    if column.pattern is None:
        return
    if column.implied_type not in _TEXT_TYPES:
        raise InvalidContractError(f"{key}.pattern", f"fits no {column.type}; texts have patterns")
    try:
        re.compile(column.pattern)
    except (re.error, TypeError) as error:
        problem = f"{column.pattern!r} is no regular expression ({error})"
        raise InvalidContractError(f"{key}.pattern", problem) from error
