"""A classifier that replaces others in a calibration, with the scores that they gave."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin


class Scored(ClassifierMixin, BaseEstimator):
    """A fitted classifier: its rows are the scores that others gave when they had not learned from them."""

    def __init__(self, classes_: Any) -> None:
        self.classes_ = classes_

    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803 - scikit-learn's names
        """Do nothing."""
        del X, y
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the class that each score stands for."""
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """Return the scores."""
        return X[:, 0]
