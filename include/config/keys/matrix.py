"""The keys of a matrix: lists of values, and what to add and leave out."""

from typing import Annotated

from pydantic import ConfigDict, Field

from include.config.keys.base import Items, Section, accept

MatrixValue = Annotated[
    str | int | float | bool, accept("a text, a number, true or false", str, int, float, bool)
]
Combination = dict[str, MatrixValue]


class MatrixConfig(Section):
    """One pipeline for each combination of the axes' values."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, Annotated[Items[MatrixValue], Field(min_length=1)]]

    exclude: Items[Combination] = Field(
        default=(),
        description="Combinations to leave out: all that have these values.",
        examples=[[{"region": "eu", "model": "ridge"}]],
    )
    include: Items[Combination] = Field(
        default=(),
        description="Values to add to the combinations that they fit, or whole combinations to add.",
        examples=[[{"region": "jp", "model": "ridge"}]],
    )
