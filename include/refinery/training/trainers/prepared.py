"""What the trainer needs of a dataset, whether it is held whole or comes in batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery.training.data.category_words import check_null_words, warn_of_twins
from refinery.training.data.number_spellings import check_spellings
from refinery.training.data.numbers_as_text import warn_of_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from refinery.spec.table_profile import TableProfile
    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.fitting import Fitted
    from refinery.training.evaluation.metrics import MetricChoice
    from refinery.training.evaluation.splitting import Split
    from refinery.training.models.estimators import Learner


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked dataset, split, and the estimator to fit.

    Attributes:
        learner: The estimator.
        choice: The metrics.
        split: The training rows, or a sample of them, and those held out.
        fit: Fits the estimator and evaluates it on the rows held out.
        train_rows: How many rows it learns from.
        train_target: The target of these rows, or each of its values once.
        weights: How many rows each value of `train_target` stands for, or its row's weight; None is one.
        data: What the manifest says of the dataset.
        preprocess: What was put before the estimator; None where nothing was.
        sections: What else the manifest says.
        notes: What a person should know, a sentence each.
        warnings: What a person should look at, a sentence each.
        profile: The table at a glance; None where nobody asked for it.
        train_times: The time of each row to learn from; None where rows are not held out by time.
        train_groups: The group of each row to learn from; None where they are not held out by group.
    """

    learner: Learner
    choice: MetricChoice
    split: Split
    fit: Callable[[], Fitted]
    train_rows: int
    train_target: pd.Series[Any]
    weights: Sequence[float] | np.ndarray[Any, Any] | None
    data: dict[str, Any]
    preprocess: dict[str, Any] | None
    warnings: tuple[str, ...]
    sections: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    profile: TableProfile | None = None
    train_times: pd.Series[Any] | None = None
    train_groups: pd.Series[Any] | None = None


def warn_of_values(
    spec: TrainingSpec,
    dataset: Path,
    features: pd.DataFrame,
    target: pd.Series[Any] | None,
    *,
    texts: Iterable[str],
    typed: bool,
) -> tuple[str, ...]:
    """Warn of values that may not mean what they seem to.

    Args:
        spec: How the dataset is read.
        dataset: Its file or folder; columns that call for it are read again.
        features: The features, or a sample of their rows.
        target: The target of the same rows; None where there is none.
        texts: The columns of text or categories with gaps.
        typed: Whether the files declare their columns' types.

    Raises:
        SourceOptionError: Several values of a column were read as one.
    """
    columns = [*([] if target is None else [target]), *(column for _, column in features.items())]
    return (
        *check_null_words(dataset, spec.source, texts),
        *check_spellings(dataset, spec.source, columns),
        *warn_of_digits(features, features.columns, spec.source, typed=typed),
        *warn_of_twins(columns),
    )
