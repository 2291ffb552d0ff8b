"""The keys of a run's params, which can be set when a run is triggered."""

import datetime as dt
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from refinery.config.models.base import (
    EXPECTED,
    INCOMPLETE,
    Items,
    Number,
    Section,
    is_number,
    refuse,
    refuse_crossed,
    refuse_repeats,
)
from refinery.spec.run_params import DATE_PATTERN, MAX_TEXT_LENGTH, RESERVED_NAMES, TEXT_PATTERN
from refinery.wording import list_names, suggest_name

_KINDS = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date, such as 2026-01-31",
}
_JSON_TYPES = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "string",
}
# NaN violates no bound of a JSON Schema, so it is refused as a value that must not be huge.
_NOT_FINITE = {"title": "not a finite number", "anyOf": [{"minimum": 1e308}, {"maximum": -1e308}]}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_MAX_NAME_LENGTH = 100


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME_LENGTH:
        refuse(f'"{name[:60]}" is not a name for a param; use letters, digits and _, and begin with a letter')
    if hasattr(dict, name):
        refuse(f'"{name}" already has a meaning in templates; choose another name')
    return name


def _read_value(value: Any) -> Any:
    if type(value) not in (str, int, float, bool, dt.date):
        refuse("text, a number, true or false, or a date", kind=EXPECTED)
    return value


ParamName = Annotated[str, AfterValidator(_check_name)]
ParamValue = Annotated[
    str | int | float | bool | dt.date,
    BeforeValidator(_read_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]


class ParamConfig(Section):
    """A value that can be set when a run is triggered, used as `{{ params.NAME }}`. Scheduled runs use its default."""

    # Defaults of a folder may supply the type, so that editors do not require it in every config.
    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None))

    type: Literal["text", "integer", "number", "boolean", "date"] = Field(
        description="What its values are. A text may contain letters, digits, dots, `_` and `-`, since it becomes part of S3 keys.",
        examples=["text"],
    )
    description: str = Field(
        default="", description="What it is for, shown in the form.", examples=["The sales region"]
    )
    default: ParamValue | None = Field(
        default=None,
        description="The value in scheduled runs, and the one that the form begins with. A date without a default is the run's "
        "date. Required if the pipeline has a `schedule`.",
        examples=["us"],
    )
    choices: Annotated[Items[ParamValue], Field(min_length=1)] | None = Field(
        default=None, description="The only values that it may have.", examples=[["us", "eu"]]
    )
    min: Number | None = Field(default=None, description="The smallest number that it may be.", examples=[1])
    max: Number | None = Field(
        default=None, description="The greatest number that it may be.", examples=[500]
    )

    @property
    def is_run_date(self) -> bool:
        """Whether it is the run's date unless somebody sets it."""
        return self.type == "date" and self.default is None

    @property
    def is_required(self) -> bool:
        """Whether each run must set it."""
        return self.default is None and not self.is_run_date

    @property
    def default_value(self) -> Any:
        """The default as runs get it: a number is a float, a date is a text; None if there is none."""
        return None if self.default is None else self.normalize(self.default)

    @property
    def airflow_settings(self) -> dict[str, Any]:
        """The arguments of Airflow's Param: the default, the description and a JSON Schema."""
        types = _JSON_TYPES[self.type]
        settings: dict[str, Any] = {} if self.is_required else {"default": self.default_value}
        if self.description:
            settings["description"] = self.description
        settings["type"] = ["string", "null"] if self.is_run_date else types
        if self.type == "date":
            settings |= {"format": "date", "pattern": DATE_PATTERN}
        if self.choices:
            choices = [self.normalize(choice) for choice in self.choices]
            settings["enum"] = [*choices, None] if self.is_run_date else choices
        elif self.type == "text":
            settings |= {"pattern": TEXT_PATTERN, "maxLength": MAX_TEXT_LENGTH}
        elif self.type == "number":
            settings["not"] = _NOT_FINITE
        limits = {"minimum": self.min, "maximum": self.max}
        return settings | {name: limit for name, limit in limits.items() if limit is not None}

    def normalize(self, value: Any) -> Any:
        """Return a value of its type as runs get it."""
        if self.type == "number":
            return float(value)
        return value.isoformat() if isinstance(value, dt.date) else value

    def parse(self, text: str) -> Any:
        """Return the value that a person writes at a command line.

        Raises:
            ValueError: It is not one of its values; the text says which are.
        """
        value = self._read(text)
        if problem := self._problem(value):
            raise ValueError(problem)
        return self.normalize(value)

    def _read(self, text: str) -> Any:
        try:
            match self.type:
                case "integer":
                    return int(text)
                case "number":
                    return float(text)
                case "boolean":
                    return {"true": True, "false": False}[text.lower()]
                case "date":
                    return dt.date.fromisoformat(text)
        except (ValueError, KeyError):
            pass
        return text

    def _problem(self, value: Any) -> str | None:
        """Return why a value is not one of its values, as the end of a sentence about it."""
        return self._explain_value(value) or self._explain_choice(value)

    def _explain_value(self, value: Any) -> str | None:
        if not self._is_of_type(value):
            return f"expected {_KINDS[self.type]}; found {_show(value)}"
        if self.type == "text" and (problem := _explain_text(value)):
            return problem
        if self.min is not None and value < self.min:
            return f"must be at least {self.min}, but is {value}"
        if self.max is not None and value > self.max:
            return f"must be at most {self.max}, but is {value}"
        return None

    def _explain_choice(self, value: Any) -> str | None:
        if self.choices is None or value in self.choices:
            return None
        texts = [str(choice) for choice in self.choices]
        near = suggest_name(value, texts) if isinstance(value, str) else ""
        return f"{_show(value)} is not one of its choices{near or f' ({list_names(texts)})'}"

    def _is_of_type(self, value: Any) -> bool:
        match self.type:
            case "text":
                return isinstance(value, str)
            case "integer":
                return type(value) is int
            case "number":
                return is_number(value)
            case "boolean":
                return isinstance(value, bool)
            case _:
                return isinstance(value, dt.date)

    @model_validator(mode="before")
    @classmethod
    def _check_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            refuse(
                "a mapping such as {type: text, default: VALUE} (arguments of the model belong under model.params)",
                kind=EXPECTED,
            )
        return value

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        refuse_crossed(self.min, self.max)
        for key in ("min", "max"):
            if getattr(self, key) is not None and self.type not in ("integer", "number"):
                refuse(f"applies to integer and number, but the type is {self.type}; remove it", key)
            if getattr(self, key) is not None and self.choices:
                refuse(
                    "does nothing, since choices says which values are allowed; remove one of the two", key
                )
        if self.choices and self.type == "boolean":
            refuse("does not apply to a boolean, which is true or false; remove it", "choices")
        refuse_repeats(self.choices or (), "choices")
        for index, choice in enumerate(self.choices or ()):
            if problem := self._explain_value(choice):
                refuse(problem, "choices", index)
        if self.default is not None and (problem := self._problem(self.default)):
            refuse(problem, "default")
        return self


def refuse_without_default(params: dict[str, ParamConfig]) -> None:
    """Refuse the first param that a scheduled run would have no value for."""
    for name, param in params.items():
        if param.is_required:
            refuse(
                "needs a default, because the pipeline has a schedule, and scheduled runs cannot ask for a value; add default: VALUE",
                "params",
                name,
                kind=INCOMPLETE,
            )


def _explain_text(value: str) -> str | None:
    """Return why a text must not become part of an S3 key."""
    if len(value) > MAX_TEXT_LENGTH:
        return f"must be at most {MAX_TEXT_LENGTH} characters long, but has {len(value)}"
    if re.search(TEXT_PATTERN, value):
        return None
    if value in RESERVED_NAMES:
        return f'"{value}" is the name of a folder that Refinery makes below models; choose another text'
    return f"{_show(value)} cannot be part of an S3 key; use letters, digits, dots, _ and -, and begin with a letter, a digit or _"


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value[:60]}"' if isinstance(value, str) else str(value)
