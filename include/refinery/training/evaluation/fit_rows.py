"""Fit a model to the training rows, as many rounds as help, and let it decide as the config says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refinery.training.errors import ModelCodeError
from refinery.training.evaluation.decision import DecisionRules, check_two_classes, decide, decision_problem
from refinery.training.evaluation.inner_split import TrainRows
from refinery.training.models.early_stopping import fit_early_stopping, rounds_used

if TYPE_CHECKING:
    from collections.abc import Callable

    from refinery.spec.training import TrainingSpec
    from refinery.training.evaluation.splitting import Split
    from refinery.training.models.estimators import Learner


@dataclass(frozen=True, slots=True)
class FittedRows:
    """A model fitted to the training rows.

    Attributes:
        model: The model as it predicts.
        estimator: What was fitted: the same, or what the model puts a calibration or a threshold around.
        stopping: What the manifest says about early stopping; None where it was not asked for.
        decided: What the manifest says about calibration and threshold.
    """

    model: Any
    estimator: Any
    stopping: dict[str, Any] | None = None
    decided: dict[str, Any] = field(default_factory=dict)


def splits_again(spec: TrainingSpec) -> bool:
    """Return whether a fit splits the training rows again."""
    return spec.stopping_rounds is not None or bool(decision_rules(spec))


def decision_rules(spec: TrainingSpec) -> DecisionRules:
    """Return what a spec says about calibration and threshold."""
    return DecisionRules(spec.threshold, spec.maximize, spec.calibrate)


def fit_rows(
    learner: Learner, split: Split, task_of: Callable[[Any], str], positive: Any = None
) -> FittedRows:
    """Fit a learner's model to the training rows of a split.

    Args:
        learner: What makes the model.
        split: The rows; only those to learn from are used.
        task_of: Returns the task of a model, fitted or not.
        positive: The class that the config counts as positive; None where it names none.

    Raises:
        TrainingError: The rows cannot be split as asked, or the model cannot decide so.
    """
    rules = split.rules
    if rules is None:
        model = learner.fit(split.train_features, split.train_target, split.train_weights)
        return FittedRows(model, model)
    rows, asked = TrainRows.of(split, rules), decision_rules(rules.spec)
    rounds = rules.spec.stopping_rounds
    if asked and learner.unfitted is not None:
        _check_decision(learner.unfitted, rows, asked)

    def fit(part: TrainRows, one: Learner) -> tuple[Any, int]:
        if rounds is None:
            return one.fit(part.features, part.target, part.weights), 0
        learned, aside = part.set_aside(task_of(one.unfitted))
        fit_early_stopping(one.unfitted, learned, aside, rounds)
        return one.unfitted, len(aside.target)

    unfitted = learner.anew() if asked else learner
    model, aside = fit(rows, learner)
    stopping = None
    if rounds is not None:
        used, most = rounds_used(model)
        stopping = {
            "rounds": rounds,
            "share": rules.spec.stopping_share,
            "rows": aside,
            "used": used,
            "of": most,
        }
    if not asked:
        return FittedRows(model, model, stopping)
    decided = decide(model, lambda part: fit(part, unfitted.anew())[0], rows, asked, positive)
    return FittedRows(decided.model, model, stopping, decided.described)


def _check_decision(estimator: Any, rows: TrainRows, asked: DecisionRules) -> None:
    """Check before the fit what can be known before it."""
    if problem := decision_problem(estimator, asked.keys):
        raise ModelCodeError(f"{problem}.")
    check_two_classes(rows.target, asked)
