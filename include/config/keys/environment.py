"""The keys of an environment's file."""

from typing import Annotated, Any

from pydantic import Field

from include.config.keys.base import Section
from include.config.keys.matrix import MatrixValue

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class EnvironmentConfig(Section):
    """What differs from one installation to the next: `configs/environments/<name>.yml`."""

    vars: dict[VariableName, MatrixValue] = Field(
        default={},
        description="Variables, used as `${name}` in any value.",
        examples=[{"bucket": "models-prod"}],
    )
    defaults: dict[str, Any] = Field(
        default={},
        description="Keys of pipelines that go over those of all `defaults.yml` and below a pipeline's own.",
        examples=[{"retries": 5}],
    )
