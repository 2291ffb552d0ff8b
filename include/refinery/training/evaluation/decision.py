"""Decide how a classifier of two classes turns scores into probabilities and classes, by folds of the training rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION
from refinery.training.errors import DatasetError, ModelCodeError
from refinery.training.evaluation.metrics import find_metrics
from refinery.training.evaluation.positive_class import plain
from refinery.training.evaluation.precomputed import Predictions
from refinery.training.evaluation.scores import evaluate
from refinery.training.models.estimator_kinds import declared_task, name_of
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    import numpy as np
    import pandas as pd

    from refinery.training.evaluation.inner_split import TrainRows

    Scores = np.ndarray[Any, np.dtype[np.float64]]

# The folds of the training rows whose predictions decide.
FOLDS = 5
# A threshold is looked for among this many, at even shares of the rows.
_CANDIDATES = 200
_DIGITS = 6
_BINARY = 2
THRESHOLD, CALIBRATE = "evaluate.threshold", "evaluate.calibrate"
_ADVICE = "choose a class with predict_proba"


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What a config asks for.

    Attributes:
        threshold: The probability of the positive class from which on it is predicted; None for 0.5 or the best one.
        maximize: The metric for which the best threshold is found; None to find none.
        calibrate: How probabilities are calibrated: "isotonic" or "sigmoid"; None to leave them alone.
    """

    threshold: float | None = None
    maximize: str | None = None
    calibrate: str | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of `evaluate` that ask for something."""
        given = {"threshold": self.threshold or self.maximize, "calibrate": self.calibrate}
        return frozenset(key for key, value in given.items() if value is not None)

    @property
    def key(self) -> str:
        """The key to name in messages."""
        return _key(self.keys)

    def __bool__(self) -> bool:
        return self != DecisionRules()


@dataclass(frozen=True, slots=True)
class Decided:
    """A model that decides by the rules.

    Attributes:
        model: The model.
        described: What the manifest says about it.
    """

    model: Any
    described: dict[str, Any]


def decision_problem(estimator: Any, keys: AbstractSet[str]) -> str | None:
    """Return why a classifier, fitted or not, cannot follow keys of `evaluate`; None where it can.

    Args:
        estimator: The classifier.
        keys: The keys: "threshold", "calibrate".
    """
    name, key = name_of(estimator), _key(keys)
    if declared_task(estimator) != CLASSIFICATION:
        return f"{key}: {name} is not a classifier, and only classes are decided by probabilities; remove it"
    if hasattr(estimator, "predict_proba"):
        return None
    if not hasattr(estimator, "decision_function"):
        return f"{key}: {name} gives no probabilities; {_ADVICE}, or remove it"
    if "calibrate" not in keys:
        return f"{key}: {name} gives no probabilities, only distances; add evaluate.calibrate: sigmoid, or {_ADVICE}"
    return None


def _key(keys: AbstractSet[str]) -> str:
    return THRESHOLD if "threshold" in keys else CALIBRATE


def check_two_classes(target: pd.Series[Any], rules: DecisionRules) -> None:
    """Check that a target has two classes.

    Raises:
        DatasetError: It has others.
    """
    if (count := target.nunique()) != _BINARY:
        raise DatasetError(
            f"{rules.key}: the target {quoted(target.name)} has {count:,} classes, and it decides between two; remove it."
        )


def decide(
    model: Any, fit: Callable[[TrainRows], Any], rows: TrainRows, rules: DecisionRules, positive: Any
) -> Decided:
    """Put a fitted classifier into one that decides by the rules.

    Args:
        model: The classifier, fitted to all training rows.
        fit: Fits another one to some of them.
        rows: The training rows.
        rules: The rules.
        positive: The positive class; None for the one that sorts last.

    Raises:
        ModelCodeError: The model gives no scores of two classes.
        DatasetError: The rows have too few of a class, or of groups, for folds.
    """
    if problem := decision_problem(model, rules.keys):
        raise ModelCodeError(f"{problem}.")
    classes = list(model.classes_)
    check_two_classes(rows.target, rules)
    positive = classes[-1] if positive is None else positive
    described: dict[str, Any] = {}
    scored, shares = None, None
    if rules.calibrate or rules.maximize:
        predicted, scores = _score_folds(model, fit, rows, rules)
        scored = rows.take(predicted)
        if rules.calibrate:
            model, shares = _calibrate(model, scored, scores, rules.calibrate)
            described["calibration"] = {"method": rules.calibrate, "folds": FOLDS, "rows": len(predicted)}
        else:
            shares = scores
    threshold = rules.threshold
    if rules.maximize and scored is not None and shares is not None:
        shares = shares if positive == classes[-1] else 1 - shares
        threshold, best = _find_threshold(scored, shares, rules.maximize, positive)
        chosen = {"maximize": rules.maximize, "score": best, "folds": FOLDS, "rows": len(shares)}
        described["threshold"] = {"value": threshold, **chosen}
    elif threshold is not None:
        described["threshold"] = {"value": threshold}
    return Decided(model if threshold is None else _with_threshold(model, threshold, positive), described)


def _score_folds(
    model: Any, fit: Callable[[TrainRows], Any], rows: TrainRows, rules: DecisionRules
) -> tuple[Any, Scores]:
    """Score rows by models that have not learned from them; return their positions and scores of the last class.

    By time, the first rows are in no fold, since no earlier ones precede them.
    """
    import numpy as np

    classes = list(model.classes_)
    # What CalibratedClassifierCV will ask for.
    by_distance = rules.calibrate is not None and hasattr(model, "decision_function")
    scores = np.full(len(rows.target), np.nan)
    for learned, others in rows.folds(rules.key, CLASSIFICATION, FOLDS):
        part = rows.take(learned)
        if part.target.nunique() != _BINARY:
            raise DatasetError(
                f"{rules.key}: of {FOLDS} folds of the {len(rows.target):,} training rows, one has no rows of both classes to "
                "learn from; remove it, or use more rows."
            )
        fold_model, features = fit(part), rows.features.iloc[others]
        if by_distance:
            scores[others] = np.ravel(fold_model.decision_function(features))
        else:
            scores[others] = fold_model.predict_proba(features)[
                :, list(fold_model.classes_).index(classes[-1])
            ]
    predicted = np.flatnonzero(~np.isnan(scores))
    if rows.target.iloc[predicted].nunique() != _BINARY:
        raise DatasetError(
            f"{rules.key}: the folds of the {len(rows.target):,} training rows hold rows of one class only; remove it, or use more rows."
        )
    return predicted, scores[predicted]


def _calibrate(model: Any, scored: TrainRows, scores: Scores, method: str) -> tuple[Any, Scores]:
    """Put a model into scikit-learn's calibration; return it with the calibrated probabilities of the scored rows."""
    import numpy as np
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from refinery.training.evaluation.scored import Scored

    every_row = np.arange(len(scores))
    stand_in = FrozenEstimator(Scored(np.asarray(model.classes_)))
    calibrated = CalibratedClassifierCV(stand_in, method=method, ensemble=False, cv=[(every_row, every_row)])
    rows = scores.reshape(-1, 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Since FrozenEstimator does not appear to accept")
        calibrated.fit(rows, scored.target.to_numpy(), sample_weight=scored.weights)
    probabilities = calibrated.predict_proba(rows)[:, 1]
    # Fitted to scores of rows that were not learned from, it calibrates the model of all rows.
    [inner] = calibrated.calibrated_classifiers_
    calibrated.estimator = inner.estimator = model
    calibrated.cv = None
    for name in ("n_features_in_", "feature_names_in_"):
        vars(calibrated).pop(name, None)
        if hasattr(model, name):
            setattr(calibrated, name, getattr(model, name))
    return calibrated, probabilities


def _find_threshold(scored: TrainRows, shares: Scores, maximize: str, positive: Any) -> tuple[float, float]:
    """Return the threshold with the best metric, the one nearest to 0.5 among equals, and the metric."""
    import numpy as np
    import pandas as pd

    [metric] = find_metrics([maximize])
    actual = pd.Series((scored.target == positive).to_numpy().astype(int))
    best: tuple[float, float, float] | None = None
    for threshold in _candidates(np.unique(shares)):
        predictions = Predictions((shares >= threshold).astype(int), (0, 1))
        found = evaluate(CLASSIFICATION, actual, predictions, [metric], weights=scored.weights)
        if maximize in found.metrics:
            value = (found.metrics[maximize], -abs(threshold - 0.5), threshold)
            best = value if best is None else max(best, value)
    if best is None:
        raise DatasetError(f"{THRESHOLD}: {maximize} has no value on the training rows; choose another.")
    return best[2], best[0]


def _candidates(shares: Scores) -> list[float]:
    """Return thresholds between the probabilities that occur, and the usual one."""
    import numpy as np

    between = (shares[1:] + shares[:-1]) / 2
    if len(between) > _CANDIDATES:
        between = between[np.linspace(0, len(between) - 1, _CANDIDATES).astype(int)]
    rounded = (float(f"{value:.{_DIGITS}g}") for value in between)
    return sorted({0.5, *(value for value in rounded if 0 < value < 1)})


def _with_threshold(model: Any, threshold: float, positive: Any) -> Any:
    from sklearn.frozen import FrozenEstimator
    from sklearn.model_selection import FixedThresholdClassifier

    decided = FixedThresholdClassifier(
        FrozenEstimator(model),
        threshold=threshold,
        pos_label=plain(positive),
        response_method="predict_proba",
    )
    return decided.fit([[0.0]], [0])  # the model in it is fitted
