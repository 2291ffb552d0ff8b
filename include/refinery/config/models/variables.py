"""The keys that make values vary: the variables of an environment, and a matrix."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from refinery.config.models.base import Items, Section, accept

MatrixValue = Annotated[
    str | int | float | bool, accept("text, a number, true or false", str, int, float, bool)
]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Combination = dict[str, MatrixValue]


class EnvironmentConfig(Section):
    """The settings of one installation: `configs/environments/<name>.yml`."""

    vars: dict[VariableName, MatrixValue] = Field(
        default={},
        description="Variables, used as `${name}` in any value.",
        examples=[{"bucket": "models-prod"}],
    )
    defaults: dict[str, Any] = Field(
        default={},
        description="Pipeline keys that override every `defaults.yml`; a pipeline's own config overrides them.",
        examples=[{"retries": 5}],
    )


class MatrixConfig(Section):
    """One pipeline per combination of the axes' values."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, Annotated[Items[MatrixValue], Field(min_length=1)]]

    exclude: Items[Combination] = Field(
        default=(),
        description="Combinations to leave out: all that contain these values.",
        examples=[[{"region": "eu", "model": "ridge"}]],
    )
    include: Items[Combination] = Field(
        default=(),
        description="Values to add to matching combinations, or additional combinations.",
        examples=[[{"region": "jp", "model": "ridge"}]],
    )
