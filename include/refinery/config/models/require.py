"""The keys of the gates: what a model must reach to be promoted."""

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from refinery.config.models.base import (
    EXPECTED,
    INCOMPLETE,
    Number,
    SparseSection,
    is_number,
    refuse,
    refuse_crossed,
)

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)%")
_MAX_PERCENT = 100


def _read_tolerance(value: Any) -> Any:
    percent = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not percent and not is_number(value):
        refuse("a number, or a percentage of the latest model's value such as 10%", kind=EXPECTED)
    if percent and float(percent[1]) > _MAX_PERCENT:
        refuse(f"must be at most {_MAX_PERCENT}%, but is {value}")
    if not percent and value < 0:
        refuse(f"must be at least 0, but is {value}")
    return value


Tolerance = Annotated[
    int | float | str,
    BeforeValidator(_read_tolerance),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{_PERCENT.pattern}$"}]}
    ),
]


class Requirement(SparseSection):
    """The requirements for the metric of this name."""

    min: Number | None = Field(default=None, description="The minimum that passes.", examples=[0.35])
    max: Number | None = Field(default=None, description="The maximum that passes.", examples=[60])
    no_worse_than_latest: Tolerance | None = Field(
        default=None,
        description="How much worse than the latest promoted model it may be, measured on the same held-out rows: a number in the "
        "metric's unit, or a percentage of the latest model's value.",
        examples=["10%", 0.5],
    )

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        refuse_crossed(self.min, self.max)
        if self.min is self.max is self.no_worse_than_latest is None:
            refuse("has no requirement; add min, max or no_worse_than_latest", kind=INCOMPLETE)
        return self


Requirements = dict[Annotated[str, Field(min_length=1, max_length=100)], Requirement]
