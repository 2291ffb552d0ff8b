"""Fit an estimator on one part of a table and evaluate it on the other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION
from refinery.training.data.unusable_columns import explain_refusal
from refinery.training.errors import DatasetError, FitError, MetricError, TrainingError, out_of_memory
from refinery.training.evaluation.fit_rows import FittedRows, fit_rows
from refinery.training.evaluation.model_output import ask, check_classes
from refinery.training.evaluation.positive_class import check_positive_class, plain
from refinery.training.evaluation.scores import Evaluation, HeldOut, evaluate
from refinery.training.evaluation.splitting import distinct_values
from refinery.training.models.estimator_kinds import declared_task
from refinery.training.user_code.isolation import isolated, line_in, user_code_error
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from refinery.training.evaluation.metrics import Metric, MetricChoice
    from refinery.training.evaluation.precomputed import Predictions
    from refinery.training.evaluation.splitting import Split
    from refinery.training.models.estimators import Learner

_BINARY = 2


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted and evaluated model.

    Attributes:
        model: The model.
        metrics: What it was evaluated by.
        evaluation: How good it is.
        held_out: The rows that it was evaluated on.
        fitted: What was fitted, and how.
    """

    model: Any
    metrics: tuple[Metric, ...]
    evaluation: Evaluation
    held_out: HeldOut
    fitted: FittedRows


def fit_and_evaluate(learner: Learner, split: Split, choice: MetricChoice) -> Fitted:
    """Fit a model, then predict the held-out rows and measure how well.

    Raises:
        DatasetError: A regressor was given text to predict; a classifier was given one class; or features hold what the
            estimator cannot take.
        MetricError: The config asks for a metric of another task, or it names a positive class, and the model does
            regression.
        FitError: The estimator refused for another reason.
        UserCodeError: The user's own estimator raised.
        TrainingError: Memory ran out.
    """
    if learner.unfitted is not None:
        check_is_declared(learner.unfitted, split.whole_target, choice)
        task = find_task(learner.unfitted, split.train_target, choice)
        check_task(learner.name, task, split)
        choice.for_task(task)
    with running(learner, "fit", split.train_features):
        fitted = fit_rows(
            learner, split, lambda one: find_task(one, split.train_target, choice), choice.positive
        )
    task = find_task(
        fitted.estimator if learner.unfitted is None else learner.unfitted, split.train_target, choice
    )
    return evaluate_fitted(learner, fitted, task, split, choice)


def evaluate_fitted(
    learner: Learner, fitted: FittedRows, task: str, split: Split, choice: MetricChoice
) -> Fitted:
    """Evaluate a fitted model on the held-out rows.

    Args:
        learner: What made the model, for messages.
        fitted: The fitted model.
        task: What it does: "regression" or "classification".
        split: The rows; only those held out are used.
        choice: The metrics.

    Raises:
        MetricError: The config asks for a metric of another task; it names a positive class, and the model does regression;
            or the target has two numbers, and nothing says whether they are classes.
        TrainingError: The model refused the rows, or does not predict one usable value for each.
    """
    model, metrics = fitted.model, choice.for_task(task)
    check_positive_class(choice.positive, task)
    check_is_declared(model, split.whole_target, choice)
    with running(learner, "predict", split.test_features):
        predictions = ask(model, task, split.test_features)
    if task == CLASSIFICATION:
        check_classes(model, predictions.values, split.whole_target.unique())
    with isolated():
        evaluation = evaluate(
            task, split.test_target, predictions, metrics, choice.positive, weights=split.test_weights
        )
    return Fitted(
        model, metrics, evaluation, _held_out(task, split, predictions, evaluation.positive), fitted
    )


def find_task(estimator: Any, target: pd.Series[Any], choice: MetricChoice | None = None) -> str:
    """Return an estimator's task: as declared, else by the target's type and the config's metrics.

    Args:
        estimator: The estimator, fitted or not.
        target: The target.
        choice: The config's metrics, which say what numbers in the target are: values, or the names of classes.
    """
    if declared := declared_task(estimator):
        return declared
    if not _is_number(target):
        return CLASSIFICATION
    return (choice and choice.stated_task) or REGRESSION


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
        weights=split.test_weights,
    )


def check_task(estimator: str, task: str, split: Split) -> None:
    """Check that the target is one that the task can be learned from.

    Raises:
        DatasetError: A regressor was given text to predict, or a classifier was given one class.
    """
    target = split.train_target
    if task == REGRESSION and not _is_number(target):
        raise target_type_error(str(target.name), target.iloc[0], estimator)
    if task == CLASSIFICATION and len(values := target.unique()) == 1:
        everywhere = split.test_target.eq(values[0]).all()
        where = "all rows" if everywhere else "the training rows"
        raise DatasetError(
            f"The target column {quoted(target.name)} holds only one class, {quoted(values[0])}, in {where}: "
            "a classifier needs rows of two classes or more."
        )


def target_type_error(target: str, example: object, estimator: str) -> DatasetError:
    """Return the error for a regressor that is given a target that is not a number."""
    return DatasetError(
        f"The target column {quoted(target)} holds values such as {quoted(str(example)[:40])}, but {estimator}, a regressor, "
        "only predicts numbers: name another target or choose a classifier."
    )


def check_is_declared(model: Any, target: pd.Series[Any], choice: MetricChoice) -> None:
    """Check that two numbers in the target are known to be values or classes, from the estimator or from the config.

    Raises:
        MetricError: Neither says it.
    """
    if declared_task(model) or choice.stated_task or not _is_number(target):
        return
    values = distinct_values(target, most=_BINARY)
    if values is None or len(values) != _BINARY:
        return
    low, high = sorted(map(plain, values))
    raise MetricError(
        f"The target {quoted(target.name)} has two values, {low!r} and {high!r}, and {type(model).__name__} does not "
        "declare what it predicts: classes, probabilities or numbers. Write evaluate: {metrics: [accuracy, f1, roc_auc]} where "
        "predict returns classes, or evaluate: {metrics: [mae, rmse, r2]} where it returns numbers."
    )


def _is_number(target: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(target.dtype) and not is_bool_dtype(target.dtype)


@contextlib.contextmanager
def running(learner: Learner, doing: str, features: pd.DataFrame) -> Iterator[None]:
    """Turn what an estimator raises into an error that a person can act on.

    Args:
        learner: The estimator.
        doing: What it is asked to do, such as "fit".
        features: The rows that it is given.

    Raises:
        DatasetError: Features hold what the estimator cannot take.
        FitError: The estimator refused for another reason.
        UserCodeError: The user's own estimator raised.
        TrainingError: Memory ran out.
    """
    try:
        with isolated():
            yield
    except TrainingError:
        raise
    except MemoryError as error:
        rows, columns = features.shape
        raise out_of_memory(f"{doing} of {learner.name} with {rows} rows of {columns} columns") from error
    except (Exception, SystemExit) as error:
        if learner.file is not None and line_in(learner.file, error):
            raise user_code_error(learner.file, f"{learner.name}.{doing}", error) from error
        refusal = explain_refusal(learner.name, error, features)
        raise refusal or FitError(learner.name, doing, f"{type(error).__name__}: {error}") from error
