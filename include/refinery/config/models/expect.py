"""The keys of the data contract: what must hold for a dataset before training."""

import datetime as dt
import re
import warnings
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from refinery.config.models.base import (
    DAY_SCHEMA,
    EXPECTED,
    Checked,
    Items,
    SparseSection,
    Text,
    Value,
    is_number,
    refuse,
    refuse_crossed,
    refuse_repeats,
)

ColumnType = Literal["number", "integer", "text", "boolean", "date", "category"]

_WITH_BOUNDS = ("number", "integer", "date")
_WITH_PATTERN = ("text", "category")

# A reviewer cannot judge longer ones.
_MAX_PATTERN_LENGTH = 500

_ONE_CHARACTER = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_INNERMOST_GROUP = re.compile(
    r"\((?:\?(?:P<\w+>|[aiLmsux-]*:|<?[=!]|>))?(?P<body>[^()]*)\)(?P<repeat>[*+]|\{\d+,\})?"
)
# A branch in which each part may repeat, so that a text splits into repetitions of it in many ways.
_ELASTIC = re.compile(r"(?:[^*+?{}](?:[*+?]|\{\d*,\d*\})[?+]?)+")


class _Values(NamedTuple):
    """The Python types of a column type's values in YAML, and what to call one."""

    types: tuple[type, ...]
    called: str


# A category may be anything, and dates cannot be listed.
_VALUES: dict[ColumnType | None, _Values] = {
    "number": _Values((int, float), "a number"),
    "integer": _Values((int,), "a whole number"),
    "text": _Values((str,), "text"),
    "boolean": _Values((bool,), "true or false"),
}


def _read_day(value: Any) -> Any:
    """Read a date in quotes; leave any other value as it is."""
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _read_bound(value: Any) -> Any:
    bound = _read_day(value)
    if type(bound) is not dt.date and not is_number(bound):
        refuse("a number or a date, such as 0 or 2026-01-31", kind=EXPECTED)
    return bound


def _read_nulls(value: Any) -> Any:
    if not is_number(value):
        refuse("a count such as 3, or a share of the rows such as 0.05", kind=EXPECTED)
    if value < 0:
        refuse(f"must be at least 0, but is {value}")
    if type(value) is float and value >= 1:
        refuse(f"a share must be below 1, but is {value}; for a count, write a whole number")
    return value


def may_take_forever(pattern: str) -> bool:
    """Return whether a valid pattern repeats a repetition, such as (a+)+, whose time doubles with each character.

    Patterns that hide it better pass; the task's timeout ends them.
    """
    text = _ONE_CHARACTER.sub("x", pattern)
    while group := _INNERMOST_GROUP.search(text):
        is_elastic = any(_ELASTIC.fullmatch(branch) for branch in group["body"].split("|"))
        if is_elastic and group["repeat"]:
            return True
        stand_in = "x+" if is_elastic else f"x{group['repeat'] or ''}"
        text = text[: group.start()] + stand_in + text[group.end() :]
    return False


def _check_pattern(pattern: str) -> None:
    if len(pattern) > _MAX_PATTERN_LENGTH:
        refuse(f"must be at most {_MAX_PATTERN_LENGTH} characters long, but has {len(pattern)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what later versions of Python may read differently
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        refuse(f"is not a valid regular expression: {error}")
    if may_take_forever(pattern):
        refuse("repeats a repetition, such as (a+)+, and may never finish; remove one of the two repetitions")


Pattern = Annotated[Text, Checked(_check_pattern)]
Bound = Annotated[
    int | float | dt.date,
    BeforeValidator(_read_bound),
    PlainSerializer(lambda bound: str(bound) if isinstance(bound, dt.date) else bound),
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
    """The number of rows that is expected."""

    min: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="The minimum number of rows.", examples=[40]
    )
    max: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="The maximum number of rows.", examples=[1000000]
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        refuse_crossed(self.min, self.max)
        return self


class ColumnExpectation(SparseSection):
    """The rules for the column of this name, which must exist."""

    type: ColumnType | None = Field(default=None, description="The type of its values.", examples=["number"])
    min: Bound | None = Field(default=None, description="The minimum, for numbers and dates.", examples=[0])
    max: Bound | None = Field(default=None, description="The maximum, for numbers and dates.", examples=[20])
    nulls: Nulls | None = Field(
        default=None,
        description="How many values may be missing: a whole number is a count, a number below 1 a share of the rows. Default: any.",
        examples=[0, 0.05],
    )
    unique: bool = Field(default=False, description="Whether every value must be unique.", examples=[True])
    values: Annotated[Items[Value], Field(min_length=1)] | None = Field(
        default=None, description="The allowed values.", examples=[["red", "white"]]
    )
    pattern: Pattern | None = Field(
        default=None,
        description="A regular expression that each whole value must match.",
        examples=["[A-Z]{2}[0-9]+"],
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        for key in ("min", "max"):
            self._check_bound(key)
        refuse_crossed(self.min, self.max)
        if self.pattern and self._kind not in (*_WITH_PATTERN, None):
            refuse(
                f"applies to text, but the type of this column is {self._kind}; remove it or change the type",
                "pattern",
            )
        self._check_values()
        return self

    @property
    def _kind(self) -> ColumnType | None:
        """The given type, else the type of the bounds."""
        bound = self.max if self.min is None else self.min
        return self.type or (None if bound is None else "date" if isinstance(bound, dt.date) else "number")

    def _check_bound(self, key: str) -> None:
        bound = getattr(self, key)
        if bound is None:
            return
        if self._kind not in _WITH_BOUNDS:
            refuse(
                f"applies to numbers and dates, but the type is {self.type}; remove it or change the type",
                key,
            )
        is_date = self._kind == "date"
        if isinstance(bound, dt.date) != is_date:
            called = "a date, such as 2026-01-31," if is_date else "a number,"
            refuse(
                f"must be {called} since {'the type' if self.type else 'min'} is {self.type or self.min}",
                key,
            )

    def _check_values(self) -> None:
        if self.values and self._kind == "date":
            refuse("does not apply to dates; use min and max", "values")
        refuse_repeats(self.values or (), "values")
        expected = _VALUES.get(self.type)
        for index, value in enumerate(self.values or ()):
            if expected and type(value) not in expected.types:
                refuse(f"must be {expected.called}, since the type is {self.type}", "values", index)


class ExpectConfig(SparseSection):
    """The data contract: each broken rule is reported with counts and examples."""

    rows: RowsExpectation | None = Field(
        default=None, description="The number of rows that is expected.", examples=[{"min": 40}]
    )
    columns: dict[Text, ColumnExpectation] = Field(
        default={},
        description="Rules by column name; columns without rules are not checked.",
        examples=[{"Petrol_tax": {"type": "number", "min": 0}}],
    )
    other_columns: bool = Field(
        default=True,
        description="Whether columns that `columns` does not list may exist.",
        examples=[False],
    )
