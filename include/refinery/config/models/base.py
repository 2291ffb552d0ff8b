"""What all groups of keys share: strictness, short forms and value types."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    Strict,
    WithJsonSchema,
    model_serializer,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from refinery.spec.units import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

# Kinds of errors with our own text: an invalid value, a value that a nearer layer may complete, and a value of the wrong
# type, for which the text says what was expected.
REFUSED = "refused"
INCOMPLETE = "incomplete"
EXPECTED = "expected"

DAY_SCHEMA = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}

T = TypeVar("T")


def refuse(reason: str, *at: str | int, kind: str = REFUSED) -> NoReturn:
    """Refuse a value with our own message.

    Args:
        reason: What is wrong and what to write instead, for a reader who sees the place.
        at: The keys from the validated value to the place.
        kind: REFUSED, INCOMPLETE or EXPECTED.
    """
    raise PydanticCustomError(kind, "{reason}", {"reason": reason, "at": at})


class Section(BaseModel):
    """A group of keys: unknown ones are refused, values are not converted, and instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, ser_json_inf_nan="strings")

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ()
    """JSON Schemas of the short forms of the whole group."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        """Accept the short forms in addition to the keys."""
        long_form = handler(schema)
        return {"anyOf": [*cls.short_forms, long_form]} if cls.short_forms else long_form


class SparseSection(Section):
    """A group that serializes only keys with a value."""

    @model_serializer(mode="wrap")
    def _write_given(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value is not None}


class _AcceptsOne:
    """Accepts a single value for a list of one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def accept(expected: str, *types: type) -> BeforeValidator:
    """Return a validator for exact types, so that a union has one error instead of one per member."""

    def check(value: Any) -> Any:
        if type(value) not in types:
            refuse(expected, kind=EXPECTED)
        return value

    return BeforeValidator(check)


def _read_duration(value: Any) -> Any:
    if not isinstance(value, str):
        if isinstance(value, dt.timedelta):
            return value
        refuse("a duration, such as 90s, 15m, 6h or 2d", kind=EXPECTED)
    try:
        return parse_duration(value)
    except ValueError as error:
        refuse(str(error))


def _read_size(value: Any) -> Any:
    if not isinstance(value, str):
        if type(value) is int and value > 0:
            return value
        refuse("a byte size, such as 500M, 50G or 16Gi", kind=EXPECTED)
    try:
        return parse_size(value)
    except ValueError as error:
        refuse(str(error))


def _read_date(value: Any) -> Any:
    if type(value) is dt.date:
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        refuse("a date, such as 2026-01-31", kind=EXPECTED)


def _at_least_a_second(duration: dt.timedelta) -> dt.timedelta:
    if not duration:
        refuse("must be longer than 0s")
    return duration


@dataclass(frozen=True)
class Checked:
    """Marks a text that a function checks.

    Attributes:
        check: Refuses an invalid text.
        pattern: A pattern with which an editor can check it; None if only the function can.
    """

    check: Callable[[str], object]
    pattern: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Add the check after the type's own validation."""
        return core_schema.no_info_after_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the pattern for editors."""
        return {**handler(schema), **({"pattern": self.pattern} if self.pattern else {"minLength": 1})}

    def _validate(self, text: str) -> str:
        self.check(text)
        return text


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number, and not a boolean."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _read_number(value: Any) -> Any:
    if not is_number(value):
        refuse("a number", kind=EXPECTED)
    return value


def refuse_crossed(low: Any, high: Any) -> None:
    """Refuse a min above its max; None sets no bound."""
    if low is not None and high is not None and low > high:
        refuse(f"must not be greater than max, which is {high}", "min")


def refuse_repeats(values: tuple[Any, ...], key: str) -> None:
    """Refuse a list with duplicates; 1 and true are different values."""
    seen = set()
    for index, value in enumerate(values):
        if (type(value), value) in seen:
            refuse(f'lists "{value}" twice; remove one', key, index)
        seen.add((type(value), value))


Text = Annotated[str, Field(min_length=1)]
Number = Annotated[int | float, BeforeValidator(_read_number), WithJsonSchema({"type": "number"})]
Items = Annotated[tuple[T, ...], Strict(strict=False)]
OneOrMany = Annotated[tuple[T, ...], Strict(strict=False), Field(min_length=1), _AcceptsOne()]
Duration = Annotated[
    dt.timedelta,
    BeforeValidator(_read_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
Interval = Annotated[Duration, AfterValidator(_at_least_a_second)]
Size = Annotated[
    int,
    BeforeValidator(_read_size),
    PlainSerializer(format_size, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN}),
]
Day = Annotated[
    dt.date,
    BeforeValidator(_read_date),
    WithJsonSchema(DAY_SCHEMA),
]
Value = Annotated[
    str | int | float | bool,
    accept("text, a number, true or false", str, int, float, bool),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
