"""The keys of the data contract: what a dataset must be like before a model learns from it."""

import datetime as dt
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from include.config.keys.base import (
    DAY_SCHEMA,
    EXPECTED,
    Items,
    SparseSection,
    Text,
    Value,
    is_number,
    refuse,
    refuse_crossed,
    refuse_repeats,
)
from include.config.keys.patterns import Pattern

ColumnType = Literal["number", "integer", "text", "boolean", "date", "category"]

_WITH_BOUNDS = ("number", "integer", "date")
_WITH_PATTERN = ("text", "category")


class _Values(NamedTuple):
    """What the values of a column's type are in YAML, and what to call one."""

    types: tuple[type, ...]
    called: str


# A category may be anything, and dates are not listed.
_VALUES: dict[ColumnType | None, _Values] = {
    "number": _Values((int, float), "a number"),
    "integer": _Values((int,), "a whole number"),
    "text": _Values((str,), "text"),
    "boolean": _Values((bool,), "true or false"),
}


def _read_day(value: Any) -> Any:
    """Read a day that stands in quotes; what is none stays as it is."""
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _read_bound(value: Any) -> Any:
    bound = _read_day(value)
    if type(bound) is not dt.date and not is_number(bound):
        refuse("a number or a day, as 0 or 2026-01-31", kind=EXPECTED)
    return bound


def _read_nulls(value: Any) -> Any:
    if not is_number(value):
        refuse("a count as 3, or a share of the rows as 0.05", kind=EXPECTED)
    if value < 0:
        refuse(f"must be at least 0, and is {value}")
    if type(value) is float and value >= 1:
        refuse(f"a share is below 1, and this is {value}; write a whole number for a count")
    return value


Bound = Annotated[
    int | float | dt.date,
    BeforeValidator(_read_bound),
    WithJsonSchema({"anyOf": [{"type": "number"}, DAY_SCHEMA]}),
]
Nulls = Annotated[
    int | float,
    BeforeValidator(_read_nulls),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
            ]
        }
    ),
]


class RowsExpectation(SparseSection):
    """How many rows there must be."""

    min: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="The fewest rows.", examples=[40]
    )
    max: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="The most rows.", examples=[1000000]
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        refuse_crossed(self.min, self.max)
        return self


class ColumnExpectation(SparseSection):
    """What the column of this name must be like. It must be there."""

    type: ColumnType | None = Field(default=None, description="What its values are.", examples=["number"])
    min: Bound | None = Field(
        default=None, description="The least value, of numbers and dates.", examples=[0]
    )
    max: Bound | None = Field(
        default=None, description="The greatest value, of numbers and dates.", examples=[20]
    )
    nulls: Nulls | None = Field(
        default=None,
        description="How many values may be missing: a count as a whole number, or a share of the rows as a number below 1. "
        "By default any.",
        examples=[0, 0.05],
    )
    unique: bool = Field(default=False, description="Whether no value may come twice.", examples=[True])
    values: Annotated[Items[Value], Field(min_length=1)] | None = Field(
        default=None, description="The only values that there may be.", examples=[["red", "white"]]
    )
    pattern: Pattern | None = Field(
        default=None,
        description="A regular expression that each text must match from its first to its last character.",
        examples=["[A-Z]{2}[0-9]+"],
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        for key in ("min", "max"):
            self._check_bound(key)
        refuse_crossed(self.min, self.max)
        if self.pattern and self._kind not in (*_WITH_PATTERN, None):
            refuse(f"is for text, and this column is of the type {self._kind}", "pattern")
        self._check_values()
        return self

    @property
    def _kind(self) -> ColumnType | None:
        """The type as given, else what the bounds tell."""
        bound = self.max if self.min is None else self.min
        return self.type or (None if bound is None else "date" if isinstance(bound, dt.date) else "number")

    def _check_bound(self, key: str) -> None:
        bound = getattr(self, key)
        if bound is None:
            return
        if self._kind not in _WITH_BOUNDS:
            refuse(f"is for numbers and dates, and the type is {self.type}", key)
        is_date = self._kind == "date"
        if isinstance(bound, dt.date) != is_date:
            called = "a day, as 2026-01-31" if is_date else "a number"
            refuse(
                f"must be {called}, since {'the type' if self.type else 'min'} is {self.type or self.min}",
                key,
            )

    def _check_values(self) -> None:
        if self.values and self._kind == "date":
            refuse("is not for dates; bound them with min and max", "values")
        refuse_repeats(self.values or (), "values")
        expected = _VALUES.get(self.type)
        for index, value in enumerate(self.values or ()):
            if expected and type(value) not in expected.types:
                refuse(f"must be {expected.called}, since the type is {self.type}", "values", index)


class ExpectConfig(SparseSection):
    """What the dataset must be like: each broken rule is told, with counts and examples."""

    rows: RowsExpectation | None = Field(
        default=None, description="How many rows there must be.", examples=[{"min": 40}]
    )
    columns: dict[Text, ColumnExpectation] = Field(
        default={},
        description="What each column must be like, by its name; of others nothing is asked.",
        examples=[{"Petrol_tax": {"type": "number", "min": 0}}],
    )
    other_columns: bool = Field(
        default=True,
        description="Whether there may be columns that `columns` does not name.",
        examples=[False],
    )
