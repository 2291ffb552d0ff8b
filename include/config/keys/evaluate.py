"""The keys of the evaluation: which rows a model is measured on, and by what."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from include.config.keys.base import Items, SparseSection, Text, Value, refuse, refuse_repeats
from include.config.keys.metrics import MetricName


class EvaluateConfig(SparseSection):
    """How the model is measured."""

    test_size: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="The share of rows held out to measure the model on.",
        examples=[0.3],
    )
    random_state: int = Field(
        default=0,
        ge=0,
        lt=2**32,
        description="The seed of the split: the same seed holds out the same rows.",
        examples=[42],
    )
    stratify: bool | None = Field(
        default=None,
        description="Whether the held-out rows have the classes in the shares of all rows, which only a classification has. By default not.",
        examples=[True],
    )
    time_column: Text | None = Field(
        default=None,
        description="The column that tells when a row was: the model is measured on the latest rows. It is no feature unless `features` "
        "names it.",
        examples=["sold_at"],
    )
    cross_validation: int | None = Field(
        default=None,
        ge=2,
        le=100,
        description="The number of folds to measure the spread of each metric by.",
        examples=[5],
    )
    metrics: Annotated[Items[MetricName], Field(min_length=1)] | None = Field(
        default=None,
        description="The metrics: any scorer of scikit-learn by its name, with or without `neg_`, or `mae`, `mse`, `rmse`. By default mae, mse, rmse and r2 "
        "of a regression; accuracy, f1 and roc_auc of a classification.",
        examples=[["mae", "r2"]],
    )

    positive_class: Value | None = Field(
        default=None,
        description="Which of two classes metrics of one class (as f1, precision, recall and average_precision), their gates and the card count as "
        "positive, as it stands in the data. By default the one that sorts last.",
        examples=["fraud", 1, True],
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.time_column and self.stratify:
            refuse(
                "does not go with time_column: the latest rows are held out, whatever their classes",
                "stratify",
            )
        refuse_repeats(self.metrics or (), "metrics")
        return self
