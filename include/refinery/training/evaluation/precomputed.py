"""Repeat predictions in place of a fitted estimator, so that each scorer need not ask the model again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import REGRESSION

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


_BINARY = 2


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a fitted model predicts for rows.

    Attributes:
        values: The predicted value or class of each row.
        classes: The classes that the model knows, sorted, the positive one of two last; none for a regressor.
        probabilities: The probability of each class for each row; None where the model has none.
        decision: A score of the last of two classes for each row; None where there is none.
    """

    values: np.ndarray[Any, Any]
    classes: tuple[Any, ...] = ()
    probabilities: np.ndarray[Any, Any] | None = None
    decision: np.ndarray[Any, Any] | None = None

    @property
    def scores(self) -> np.ndarray[Any, Any] | None:
        """One score a row for the last of two classes; for more classes, the probability of each."""
        if self.probabilities is None:
            return self.decision
        return self.probabilities[:, 1] if len(self.classes) == _BINARY else self.probabilities

    def with_last(self, positive: Any) -> Predictions:
        """Return the same predictions with the given one of two classes last."""
        if len(self.classes) != _BINARY or self.classes[0] != positive:
            return self
        return replace(
            self,
            classes=self.classes[::-1],
            probabilities=None if self.probabilities is None else self.probabilities[:, ::-1],
            decision=None if self.decision is None else -self.decision,
        )


class PrecomputedEstimator:
    """A stand-in that answers as the fitted estimator did.

    Attributes:
        asked_for_scores: Whether a scorer looked at more than the predicted values.
    """

    def __init__(self, values: Any, classes: Any, decision: Any, probabilities: Any) -> None:
        self._values = values
        self.classes_ = classes
        self._decision = decision
        self._probabilities = probabilities
        self.asked_for_scores = False

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        classifies = self.classes_ is not None
        return Tags(
            estimator_type="classifier" if classifies else "regressor",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
            input_tags=InputTags(),
        )

    def fit(self) -> None:
        """Do nothing: scorers accept only what can be fitted."""

    def predict(self, rows: object) -> Any:
        """Return the predicted values, whatever the rows."""
        del rows
        return self._values

    @property
    def predict_proba(self) -> Any:
        """A function that returns the probabilities, where the model has them."""
        return self._answer("predict_proba", self._probabilities)

    @property
    def decision_function(self) -> Any:
        """A function that returns the scores, where the model has them."""
        return self._answer("decision_function", self._decision)

    def _answer(self, name: str, scores: Any) -> Any:
        self.asked_for_scores = True
        if scores is None:
            raise AttributeError(name)

        def answer(rows: object) -> Any:
            del rows
            return scores

        # scikit-learn checks the method's name.
        answer.__name__ = name
        return answer


def precompute(
    task: str, target: pd.Series[Any], predictions: Predictions, order: list[Any]
) -> tuple[PrecomputedEstimator, pd.Series[Any] | np.ndarray[Any, Any]]:
    """Return a stand-in for the model, and the target in the stand-in's classes.

    Classes become their numbers in the given order: scorers take class 1 for the positive one and refuse other names.
    """
    import numpy as np
    import pandas as pd

    if task == REGRESSION:
        return PrecomputedEstimator(predictions.values, None, None, None), target

    # A dictionary takes True and 1 for the same class, as a model may; a pandas index does not.
    numbers = {known: number for number, known in enumerate(order)}

    def numbered(classes: Any) -> np.ndarray[Any, Any]:
        codes, found = pd.factorize(pd.Series(classes))
        return np.array([numbers[known] for known in found], dtype=np.int64)[codes]

    model = PrecomputedEstimator(
        numbered(predictions.values),
        np.arange(len(predictions.classes)),
        predictions.decision,
        predictions.probabilities,
    )
    return model, numbered(target)
