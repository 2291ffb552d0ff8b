"""A step that hands the last step of a Pipeline the rows to stop early by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator

from refinery.training.models.boosting import Boosted
from refinery.training.models.sample_weights import SAMPLE_WEIGHT

if TYPE_CHECKING:
    from refinery.training.models.early_stopping import Rows


class StoppingStep(BaseEstimator):
    """Stands in a Pipeline for its last step, and hands it the rows set aside as the steps before it prepare them."""

    def __init__(self, last: Any, aside: Rows, rounds: int, pipeline: Any = None) -> None:
        self.last = last
        self.aside = aside
        self.rounds = rounds
        self.pipeline = pipeline

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803 - scikit-learn's name
        """Fit the last step itself."""
        rows: Any = self.aside.features
        for _, step in self.pipeline.steps[:-1] if self.pipeline else ():
            if hasattr(step, "transform"):  # a sampler chooses training rows
                rows = step.transform(rows)
        given = {"X_val": rows, "y_val": self.aside.target}
        if sample_weight is not None:
            given |= {SAMPLE_WEIGHT: sample_weight, "sample_weight_val": self.aside.weights}
        if isinstance(self.last, Boosted):
            given["rounds"] = self.rounds
        else:
            self.last.set_params(early_stopping=True, n_iter_no_change=self.rounds)
        self.last.fit(X, y, **given)
        return self
