"""The keys of the evaluation: the rows that a model is measured on, and the metrics."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from refinery.config.models.base import Items, SparseSection, Text, Value, refuse, refuse_repeats
from refinery.config.models.metrics import MetricName


class EvaluateConfig(SparseSection):
    """How the model is measured."""

    test_size: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="The share of rows held out for the evaluation.",
        examples=[0.3],
    )
    random_state: int = Field(
        default=0,
        ge=0,
        lt=2**32,
        description="The seed of the train/test split: the same seed holds out the same rows.",
        examples=[42],
    )
    stratify: bool | None = Field(
        default=None,
        description="Whether the held-out rows have the same class shares as all rows; for classification only. Default: `false`.",
        examples=[True],
    )
    time_column: Text | None = Field(
        default=None,
        description="The column with each row's time: the latest rows are held out. It is not a feature unless `features` lists it.",
        examples=["sold_at"],
    )
    group_column: Text | None = Field(
        default=None,
        description="The column with each row's group, such as a customer: no group has rows both in training and in test, nor on both sides of a "
        "cross-validation fold. It is not a feature unless `features` lists it.",
        examples=["customer"],
    )
    gap: int | None = Field(
        default=None,
        ge=1,
        le=10**9,
        description="With `time_column`, the number of rows before the held-out ones to leave out of training and test: rows whose target was not yet "
        "known, or from which features of the held-out rows are computed. In cross-validation, it applies to each fold.",
        examples=[24],
    )
    cross_validation: int | None = Field(
        default=None,
        ge=2,
        le=100,
        description="The number of cross-validation folds, which show the spread of each metric.",
        examples=[5],
    )
    metrics: Annotated[Items[MetricName], Field(min_length=1)] | None = Field(
        default=None,
        description="The metrics: any scikit-learn scorer by name, with or without `neg_`, or `mae`, `mse`, `rmse`. Default: mae, mse, rmse and r2 "
        "for regression; accuracy, f1 and roc_auc for classification. With `task`, those of the task; default: all of them.",
        examples=[["mae", "r2"]],
    )

    positive_class: Value | None = Field(
        default=None,
        description="Of two classes, the one that counts as positive in metrics such as f1, precision, recall and average_precision, in their gates and "
        "on the card, written as in the data. Default: the one that sorts last.",
        examples=["fraud", 1, True],
    )

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.time_column and self.stratify:
            refuse(
                "cannot be combined with time_column, which holds out the latest rows whatever their classes; remove one of the two",
                "stratify",
            )
        if self.time_column and self.group_column:
            refuse(
                "cannot be combined with time_column, since groups with earlier rows also have some among the latest; remove one of the two",
                "group_column",
            )
        if self.gap and not self.time_column:
            refuse(
                "requires time_column, since rows are held out at random without it; add time_column or remove gap",
                "gap",
            )
        refuse_repeats(self.metrics or (), "metrics")
        return self
