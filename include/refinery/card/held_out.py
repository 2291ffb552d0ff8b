"""What the card needs to know about held-out rows, whoever evaluated them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd


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
