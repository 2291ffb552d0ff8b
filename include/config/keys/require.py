"""The keys of the gates: what a model must reach to be promoted."""

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from include.config.keys.base import (
    EXPECTED,
    INCOMPLETE,
    Number,
    SparseSection,
    is_number,
    refuse,
    refuse_crossed,
)

_PER_CENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)%")
_MAX_PER_CENT = 100


def _read_tolerance(value: Any) -> Any:
    per_cent = _PER_CENT.fullmatch(value) if isinstance(value, str) else None
    if not per_cent and not is_number(value):
        refuse("a number, or per cent of the latest model's value, as 10%", kind=EXPECTED)
    if per_cent and float(per_cent[1]) > _MAX_PER_CENT:
        refuse(f"must be at most {_MAX_PER_CENT}%, and is {value}")
    if not per_cent and value < 0:
        refuse(f"must be at least 0, and is {value}")
    return value


Tolerance = Annotated[
    int | float | str,
    BeforeValidator(_read_tolerance),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{_PER_CENT.pattern}$"}]}
    ),
]


class Requirement(SparseSection):
    """What the metric of this name must reach."""

    min: Number | None = Field(default=None, description="The least that is good enough.", examples=[0.35])
    max: Number | None = Field(default=None, description="The most that is good enough.", examples=[60])
    no_worse_than_latest: Tolerance | None = Field(
        default=None,
        description="By how much it may be worse than the latest promoted model on the same held-out rows: a number in the "
        "metric's own unit, or per cent of the latest model's value.",
        examples=["10%", 0.5],
    )

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        refuse_crossed(self.min, self.max)
        if self.min is self.max is self.no_worse_than_latest is None:
            refuse("asks for nothing; add min, max or no_worse_than_latest", kind=INCOMPLETE)
        return self


Requirements = dict[Annotated[str, Field(min_length=1, max_length=100)], Requirement]
