"""The keys of a search: which candidate, with which params, becomes the model."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from refinery.config.models.base import Number, SparseSection, refuse
from refinery.config.models.metrics import MetricName
from refinery.spec.search import FOLDS, TRIALS, parse_space

_SPACE_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*[-+0-9.eE]+\s*\.\.\s*[-+0-9.eE]+(\s+log)?\s*$"},
        {
            "type": "array",
            "minItems": 2,
            "items": {"type": ["string", "number", "boolean", "null"]},
        },
    ]
}


def _check_space(written: Any) -> Any:
    try:
        parse_space(written)
    except ValueError as error:
        refuse(str(error))
    return list(written) if isinstance(written, list | tuple) else written


Spaces = dict[str, Annotated[Any, BeforeValidator(_check_space), WithJsonSchema(_SPACE_SCHEMA)]]


class SearchConfig(SparseSection):
    """How the best candidate is found, using only the training rows."""

    by: MetricName | None = Field(
        default=None,
        description="The metric that decides. Default: roc_auc for classifiers, rmse for regressors.",
        examples=["average_precision"],
    )
    trials: int = Field(
        default=TRIALS,
        ge=1,
        le=10_000,
        description="How many models to try at most. Each candidate is first tried as written, without its `search`.",
        examples=[60],
    )
    minutes: Annotated[Number, Field(gt=0, le=100_000)] | None = Field(
        default=None,
        description="After how many minutes no further model is tried. Where it ends a search, another run may find another model. Default: no limit.",
        examples=[30],
    )
    folds: int = Field(
        default=FOLDS,
        ge=2,
        le=100,
        description="The number of folds of the training rows, in each of which a model is fitted and measured. They follow `evaluate`: its groups, "
        "times and gap.",
        examples=[10],
    )
