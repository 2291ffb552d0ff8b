"""What the card needs to know about held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from refinery.spec.tasks import UNSUPERVISED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from typing_extensions import TypeIs


class HeldOut(Protocol):
    """Rows that the model has not learned from, and what it says of them."""

    @property
    def features(self) -> pd.DataFrame:
        """The rows' features, as the model takes them."""

    @property
    def actual(self) -> Any:
        """The target of each row."""

    @property
    def predicted(self) -> np.ndarray[Any, Any]:
        """The model's value or class for each row."""

    @property
    def scores(self) -> np.ndarray[Any, Any] | None:
        """Each row's probability or decision value for each class or, of two classes, only for the last, positive one."""

    @property
    def classes(self) -> Sequence[Any] | None:
        """The classes that the model knows, in the order of the scores; None for a regression."""

    @property
    def weights(self) -> np.ndarray[Any, Any] | None:
        """The weight of each row; None where all weigh the same."""

    @property
    def task(self) -> str:
        """Either "regression" or "classification"."""


class ScoredRows(Protocol):
    """Rows that the model has not learned from, and what it says of them without a target."""

    @property
    def features(self) -> pd.DataFrame:
        """The rows' features, as the model takes them."""

    @property
    def predicted(self) -> np.ndarray[Any, Any]:
        """The label of each row: -1 for an outlier and 1 for any other, or its cluster."""

    @property
    def scores(self) -> np.ndarray[Any, Any] | None:
        """How ordinary each row is, for outliers negative; None where the model does not say it."""

    @property
    def task(self) -> str:
        """Either "anomaly" or "clustering"."""


def has_no_target(rows: HeldOut | ScoredRows) -> TypeIs[ScoredRows]:
    """Return whether the model of held-out rows learned no target."""
    return rows.task in UNSUPERVISED
