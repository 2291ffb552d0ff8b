"""The keys of the evaluation: the rows that a model is measured on, and the metrics."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from refinery.config.models.base import (
    INCOMPLETE,
    Checked,
    Items,
    SparseSection,
    Text,
    Value,
    refuse,
    refuse_repeats,
)
from refinery.config.models.metrics import METRICS, MetricName, explain_unknown_metric

# Metrics that are best at some threshold between the extremes.
DECIDED_METRICS = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "f1_weighted",
    "jaccard",
    "matthews_corrcoef",
)


def _check_decided(name: str) -> None:
    if name in DECIDED_METRICS:
        return
    if name not in METRICS:
        refuse(explain_unknown_metric(name))
    refuse(
        f"{name} does not choose a threshold: it needs none, or is best where all rows are of one class; write one of "
        f"{', '.join(DECIDED_METRICS)}"
    )


class ThresholdConfig(SparseSection):
    """The probability at which the positive class is predicted: a value, or a metric that chooses it."""

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = (
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    )

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    value: float | None = Field(
        default=None, gt=0, lt=1, description="The probability itself.", examples=[0.3]
    )
    maximize: (
        Annotated[
            str,
            Checked(_check_decided),
            WithJsonSchema({"type": "string", "enum": list(DECIDED_METRICS)}),
        ]
        | None
    ) = Field(
        default=None,
        description="The metric by which the probability is chosen, on five folds of the training rows.",
        examples=["f1"],
    )

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if self.value is not None and self.maximize is not None:
            refuse("sets value and maximize; keep one", "maximize")
        if self.value is None and self.maximize is None:
            refuse(
                "needs a probability, such as threshold: 0.3, or a metric, such as threshold: {maximize: f1}",
                kind=INCOMPLETE,
            )
        return self


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
        description="With two classes, the one that counts as positive in metrics such as f1, precision, recall and average_precision, in their gates and "
        "on the card, written as in the data. Default: the one that sorts last.",
        examples=["fraud", 1, True],
    )

    threshold: ThresholdConfig | None = Field(
        default=None,
        description="With two classes, the probability at which the positive one is predicted, in metrics, gates, the card and `predict`: a number, "
        "or the metric that chooses it. Default: the more probable class.",
        examples=[0.3, {"maximize": "f1"}],
    )
    calibrate: Literal["isotonic", "sigmoid"] | None = Field(
        default=None,
        description="With two classes, how the probabilities are calibrated, on five folds of the training rows: `isotonic` for a thousand rows or more, "
        "`sigmoid` for fewer. Default: as the model gives them.",
        examples=["isotonic"],
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
