"""Fits an estimator on one part of a table and judges it on the other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.containment import contained, line_in, user_code_error
from include.training.errors import (
    FitError,
    OneClassError,
    OutOfMemoryError,
    TargetTypeError,
    TrainingError,
)
from include.training.evaluation import Evaluation, HeldOut, Predictions, evaluate
from include.training.metrics import CLASSIFICATION, REGRESSION
from include.training.positive_class import check_positive_class
from include.training.unusable_columns import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from include.training.estimators import Learner
    from include.training.metrics import Metric, MetricChoice
    from include.training.splitting import Split

_BINARY = 2


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model, judged.

    Attributes:
        model: The model.
        metrics: What it was judged by.
        evaluation: How good it is.
        held_out: The rows that tell it.
    """

    model: Any
    metrics: tuple[Metric, ...]
    evaluation: Evaluation
    held_out: HeldOut


def fit_and_evaluate(learner: Learner, split: Split, choice: MetricChoice) -> Fitted:
    """Fit a model, then predict the held-out rows and measure how well.

    Raises:
        TargetTypeError: A regressor was given text to predict.
        OneClassError: A classifier was given one class.
        MetricTaskError: The config asks for a metric of another task.
        PositiveClassError: It names a positive class, and the model does regression.
        UnusableColumnsError: Features hold what the estimator cannot take.
        FitError: The estimator refused for another reason.
        UserCodeError: The user's own estimator raised.
        OutOfMemoryError: Memory ran out.
    """
    if learner.unfitted is not None:
        task = find_task(learner.unfitted, split.train_target)
        check_task(learner.name, task, split)
        choice.for_task(task)
    with running(learner, "fit", split.train_features):
        model = learner.fit(split.train_features, split.train_target)
    task = find_task(model if learner.unfitted is None else learner.unfitted, split.train_target)
    return judge(learner, model, task, split, choice)


def judge(learner: Learner, model: Any, task: str, split: Split, choice: MetricChoice) -> Fitted:
    """Let a fitted model predict the held-out rows, and measure how well it does.

    Args:
        learner: What the model was made by, for messages.
        model: The fitted model.
        task: What it does: "regression" or "classification".
        split: The rows; those held out are looked at.
        choice: The metrics.

    Raises:
        MetricTaskError: The config asks for a metric of another task.
        PositiveClassError: It names a positive class, and the model does regression.
        FitError: The model refused the rows, or predicts what is no number; and as of `running`.
    """
    metrics = choice.for_task(task)
    check_positive_class(choice.positive, task)
    with running(learner, "predict", split.test_features):
        predictions = predict(model, task, split.test_features)
    _check_predictions(learner.name, task, predictions)
    with contained():
        evaluation = evaluate(task, split.test_target, predictions, metrics, choice.positive)
    return Fitted(model, metrics, evaluation, _held_out(task, split, predictions, evaluation.positive))


def find_task(estimator: Any, target: pd.Series[Any]) -> str:
    """Tell what an estimator does; one that does not declare it is judged by the target's type."""
    from sklearn.base import is_classifier, is_regressor

    try:
        if is_regressor(estimator):
            return REGRESSION
        if is_classifier(estimator):
            return CLASSIFICATION
    except AttributeError:  # an estimator of one's own that has not scikit-learn's base class
        pass
    return REGRESSION if _is_number(target) else CLASSIFICATION


def predict(estimator: Any, task: str, features: pd.DataFrame) -> Predictions:
    """Ask a fitted estimator for the values, or the classes and their scores, of rows."""
    import numpy as np

    values = np.asarray(estimator.predict(features))
    if task == REGRESSION:
        return Predictions(values)
    classes = tuple(getattr(estimator, "classes_", sorted(set(values))))
    if hasattr(estimator, "predict_proba"):
        probabilities = np.asarray(estimator.predict_proba(features))
        return Predictions(values, classes, probabilities=probabilities)
    if len(classes) == _BINARY and hasattr(estimator, "decision_function"):
        return Predictions(values, classes, decision=np.asarray(estimator.decision_function(features)))
    return Predictions(values, classes)


def _held_out(task: str, split: Split, predictions: Predictions, positive: Any) -> HeldOut:
    predictions = predictions.with_last(positive)
    return HeldOut(
        features=split.test_features,
        actual=split.test_target,
        predicted=predictions.values,
        scores=predictions.scores,
        classes=None if task == REGRESSION else list(predictions.classes),
        task=task,
        positive=positive,
    )


def check_task(estimator: str, task: str, split: Split) -> None:
    """Check that the target is one that the task can be learned from.

    Raises:
        TargetTypeError: A regressor was given text to predict.
        OneClassError: A classifier was given one class.
    """
    target = split.train_target
    if task == REGRESSION and not _is_number(target):
        raise TargetTypeError(str(target.name), target.iloc[0], estimator)
    if task == CLASSIFICATION and len(values := target.unique()) == 1:
        everywhere = split.test_target.eq(values[0]).all()
        raise OneClassError(
            str(target.name), values[0], "all rows" if everywhere else "the rows to learn from"
        )


def _check_predictions(estimator: str, task: str, predictions: Predictions) -> None:
    import numpy as np

    if task == REGRESSION and (lost := int((~np.isfinite(predictions.values)).sum())):
        reason = f"{lost} of {len(predictions.values)} predictions are no finite numbers; scale the features and the target"
        raise FitError(estimator, "predict", reason)


def _is_number(target: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(target.dtype) and not is_bool_dtype(target.dtype)


@contextlib.contextmanager
def running(learner: Learner, doing: str, features: pd.DataFrame) -> Iterator[None]:
    """Turn what an estimator raises into an error for people.

    Args:
        learner: The estimator.
        doing: What it is asked to do, such as "fit".
        features: The rows that it is given.

    Raises:
        UnusableColumnsError: Features hold what the estimator cannot take.
        FitError: The estimator refused for another reason.
        UserCodeError: The user's own estimator raised.
        OutOfMemoryError: Memory ran out.
    """
    try:
        with contained():
            yield
    except TrainingError:
        raise
    except MemoryError as error:
        rows, columns = features.shape
        raise OutOfMemoryError(f"{doing} of {learner.name} with {rows} rows of {columns} columns") from error
    except (Exception, SystemExit) as error:
        if learner.file is not None and line_in(learner.file, error):
            raise user_code_error(learner.file, f"{learner.name}.{doing}", error) from error
        refusal = explain_refusal(learner.name, error, features)
        raise refusal or FitError(learner.name, doing, f"{type(error).__name__}: {error}") from error
