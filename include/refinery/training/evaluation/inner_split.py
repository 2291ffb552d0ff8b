"""Split the training rows again, by the rules by which rows are held out of them."""

from __future__ import annotations

import contextlib
import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION
from refinery.training.errors import DatasetError
from refinery.training.evaluation.splitting import split_folds, split_rows
from refinery.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.row_parts import Rows
    from refinery.training.evaluation.splitting import Split

_STOPPING = "fit.early_stopping"


@dataclass(frozen=True, slots=True)
class RowRules:
    """What decides on which side of a split a row may stand.

    Attributes:
        spec: The shares, the seed and the gap.
        times: The time of each row; None where rows are not split by time.
        groups: The group of each row; None where rows are not split by group.
    """

    spec: TrainingSpec
    times: pd.Series[Any] | None
    groups: pd.Series[Any] | None

    def take(self, rows: Rows) -> RowRules:
        """Return the same of some rows."""
        times, groups = (None if each is None else each.iloc[rows] for each in (self.times, self.groups))
        return RowRules(self.spec, times, groups)


@dataclass(frozen=True, slots=True)
class TrainRows:
    """Rows to learn from.

    Attributes:
        features: Their features.
        target: Their target.
        weights: Their weights; None where all weigh the same.
        rules: How they may be split.
    """

    features: pd.DataFrame
    target: pd.Series[Any]
    weights: np.ndarray[Any, Any] | None
    rules: RowRules

    @classmethod
    def of(cls, split: Split, rules: RowRules) -> TrainRows:
        """Return the training rows of a split; the rules are those of the same rows."""
        return cls(split.train_features, split.train_target, split.train_weights, rules)

    def take(self, rows: Rows) -> TrainRows:
        """Return some of the rows, by their positions."""
        weights = None if self.weights is None else self.weights[rows]
        return TrainRows(self.features.iloc[rows], self.target.iloc[rows], weights, self.rules.take(rows))

    def set_aside(self, task: str) -> tuple[TrainRows, TrainRows]:
        """Return the training rows and those set aside to stop early by.

        Whole groups or the latest rows are set aside where rows are held out so; else each class as far as it has rows.

        Raises:
            DatasetError: There are too few rows, or a class has none left to learn from.
        """
        spec = replace(self.rules.spec, test_size=self.rules.spec.stopping_share)
        by_rule = self.rules.times is not None or self.rules.groups is not None
        with _told_as(_STOPPING, len(self.target)):
            if task == CLASSIFICATION and not by_rule:
                learned, aside = _split_classes(spec, self.target)
            else:
                learned, aside = split_rows(spec, self.target, self.rules.times, self.rules.groups)
        parts = self.take(learned), self.take(aside)
        if task == CLASSIFICATION:
            known, others = (set(part.target.unique()) for part in parts)
            if lost := sorted(map(str, others - known)):
                problem = f"all training rows of class {listed(lost)} are among those set aside"
                raise DatasetError(f"{_STOPPING}: {problem}; change its share, or remove it.")
        return parts

    def folds(self, key: str, task: str, number: int) -> list[tuple[Rows, Rows]]:
        """Return the training rows and to predict for each fold.

        Args:
            key: The key of the config that asks for it.
            task: What the model does.
            number: How many folds.

        Raises:
            DatasetError: There are too few rows, or groups, for them.
        """
        spec = replace(self.rules.spec, cross_validation=number)
        with _told_as(key, len(self.target)), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The least populated class")
            return split_folds(spec, task, self.target, self.rules.times, self.rules.groups)


def _split_classes(spec: TrainingSpec, target: pd.Series[Any]) -> tuple[Rows, Rows]:
    """Set rows of each class aside; a class with a single row keeps it."""
    import numpy as np

    counts = target.map(target.value_counts()).to_numpy()
    single, several = np.flatnonzero(counts == 1), np.flatnonzero(counts > 1)
    others = target.iloc[several]
    classes, aside = others.nunique(), math.ceil(len(others) * spec.test_size)
    stratify = classes <= min(aside, len(others) - aside)
    learned, set_aside = split_rows(replace(spec, stratify=stratify), others)
    return np.concatenate([several[learned], single]), several[set_aside]


@contextlib.contextmanager
def _told_as(key: str, rows: int) -> Iterator[None]:
    """Report a split that fails as the key that asks for it."""
    try:
        yield
    except DatasetError as error:
        reason = str(error).rstrip(".")
        raise DatasetError(
            f"{key}: the {rows:,} training rows cannot be split again ({reason}); remove it, or use more rows."
        ) from error
