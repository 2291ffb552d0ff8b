"""Says predictions again in a fitted estimator's stead, so that scorers need not ask the model once each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.training.metrics import REGRESSION

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from include.training.evaluation import Predictions


class Replay:
    """Answers as the fitted estimator did.

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
        """Exist: scorers take only what can be fitted."""

    def predict(self, rows: object) -> Any:
        """Give the predicted values, whatever the rows."""
        del rows
        return self._values

    @property
    def predict_proba(self) -> Any:
        """Give a function of the probabilities, where the model has them."""
        return self._answer("predict_proba", self._probabilities)

    @property
    def decision_function(self) -> Any:
        """Give a function of the scores, where the model has them."""
        return self._answer("decision_function", self._decision)

    def _answer(self, name: str, scores: Any) -> Any:
        self.asked_for_scores = True
        if scores is None:
            raise AttributeError(name)

        def answer(rows: object) -> Any:
            del rows
            return scores

        # scikit-learn goes by the method's name.
        answer.__name__ = name
        return answer


def replay(
    task: str, target: pd.Series[Any], predictions: Predictions, order: list[Any]
) -> tuple[Replay, pd.Series[Any] | np.ndarray[Any, Any]]:
    """Give a stand-in for the model, and the target as that one speaks of it.

    Classes become their numbers in the given order: scorers take a class of the name 1 for the positive one, and
    refuse to guess among other names.
    """
    import numpy as np
    import pandas as pd

    if task == REGRESSION:
        return Replay(predictions.values, None, None, None), target

    def numbered(classes: Any) -> np.ndarray[Any, Any]:
        return np.asarray(pd.Index(order).get_indexer(pd.Index(classes)), dtype=np.int64)

    model = Replay(
        numbered(predictions.values),
        np.arange(len(predictions.classes)),
        predictions.decision,
        predictions.probabilities,
    )
    return model, numbered(target)
