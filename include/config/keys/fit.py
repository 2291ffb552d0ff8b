"""The keys of the fit: whether a model learns from all rows at once or batch by batch."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from include.config.keys.base import Section


class FitConfig(Section):
    """How the model learns the rows."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"enum": ["whole", "incremental"]},)

    mode: Literal["whole", "incremental"] = Field(
        default="whole",
        description="`whole` holds the dataset in memory; `incremental` streams it through an estimator's `partial_fit`, for data larger "
        "than memory.",
        examples=["incremental"],
    )
    batch_rows: int = Field(
        default=100_000,
        ge=100,
        le=100_000_000,
        description="How many rows `incremental` holds at once. It counts for the result: an estimator learns batch by batch.",
        examples=[20_000],
    )
