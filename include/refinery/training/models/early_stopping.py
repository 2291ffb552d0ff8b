"""Stop fits in rounds early, by rows that are set aside."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Protocol

from refinery.spec.libraries import BOOSTING, LIBRARIES, library_of
from refinery.training.models.library_params import canonical_params
from refinery.training.models.sample_weights import weight_argument

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_KEY = "fit.early_stopping"
# Params that make a class stop by other rows or rules.
_OWN_WAYS = {
    "xgboost": frozenset(("early_stopping_rounds",)),
    "lightgbm": frozenset(("early_stopping_round", "early_stopping_rounds", "n_iter_no_change")),
    "catboost": frozenset(("early_stopping_rounds", "od_pval", "od_type", "od_wait", "use_best_model")),
    "sklearn": frozenset(("early_stopping", "n_iter_no_change", "validation_fraction")),
}
# These refuse to fit without rows to stop by.
_NEEDS_ROWS = ("xgboost", "lightgbm")
# Boosters whose first rounds are not the model that these rounds had: later ones change or replace it.
_WITHOUT_ROUNDS = {"booster": ("dart", "gblinear"), "boosting_type": ("dart",), "boosting": ("dart",)}
_VALIDATION = "X_val"


class Rows(Protocol):
    """Rows with their target, and their weights where they have some."""

    @property
    def features(self) -> pd.DataFrame: ...  # noqa: D102 - see above
    @property
    def target(self) -> pd.Series[Any]: ...  # noqa: D102
    @property
    def weights(self) -> Any: ...  # noqa: D102


def early_stopping_problem(estimator_class: type[Any], params: Mapping[str, Any]) -> str | None:
    """Return why an estimator cannot be stopped early by given rows; None where it can.

    Args:
        estimator_class: The library's class.
        params: Its params, as in the config; those at fault are in double quotes.
    """
    name, library = estimator_class.__name__, library_of(estimator_class.__module__)
    if not _can_stop(estimator_class):
        own = _OWN_WAYS["sklearn"] & inspect.signature(estimator_class).parameters.keys()
        why = "sets rows aside at random by itself" if own else "cannot stop at rows set aside for it"
        return (
            f"{_KEY}: {name} {why}; choose a boosting class ({', '.join(LIBRARIES[one] for one in BOOSTING)}, or scikit-learn's "
            "HistGradientBoosting...), or remove it"
        )
    for given, value in params.items():
        if value is None:
            continue
        known = {given, *canonical_params(estimator_class, {given: value})}
        if known & _OWN_WAYS[library]:
            return f'"{given}" and {_KEY} both decide when {name} stops; keep one'
        if any(value in _WITHOUT_ROUNDS.get(one, ()) for one in known if isinstance(value, str)):
            return f'{_KEY}: with "{given}": {value}, {name} cannot go back to its best round; remove one of the two'
    return None


def missing_rows_problem(estimator_class: type[Any], params: Mapping[str, Any]) -> str | None:
    """Return why a class that is to stop early by its own params cannot: it has no rows to stop by; None where it is not to."""
    library = library_of(estimator_class.__module__)
    if library not in _NEEDS_ROWS:
        return None
    for given, value in params.items():
        if value and {given, *canonical_params(estimator_class, {given: value})} & _OWN_WAYS[library]:
            return f'"{given}" needs rows to stop by, which nothing sets aside; write fit: {{early_stopping: {value}}} instead'
    return None


def fit_early_stopping(estimator: Any, learned: Rows, aside: Rows, rounds: int) -> None:
    """Fit an estimator in place until more rounds no longer help on the rows set aside.

    Args:
        estimator: The estimator; of a Pipeline, the last step stops early, and the steps before it learn nothing of the rows
            set aside.
        learned: The training rows.
        aside: The rows set aside.
        rounds: After how many rounds without improvement to stop.
    """
    from refinery.training.models.stopping_step import StoppingStep

    last = _last_step(estimator)
    if last is estimator:
        StoppingStep(last, aside, rounds).fit(learned.features, learned.target, learned.weights)
        return
    argument = weight_argument(estimator)
    weights = {} if learned.weights is None or argument is None else {argument: learned.weights}
    name = estimator.steps[-1][0]
    estimator.steps[-1] = (name, StoppingStep(last, aside, rounds, estimator))
    try:
        estimator.fit(learned.features, learned.target, **weights)
    finally:
        estimator.steps[-1] = (name, last)


def rounds_used(estimator: Any) -> tuple[int, int]:
    """Return how many rounds a fitted estimator uses, and how many its params allow."""
    from refinery.training.models.boosting import Boosted

    last = _last_step(estimator)
    return last.rounds_used() if isinstance(last, Boosted) else (int(last.n_iter_), int(last.max_iter))


def _last_step(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if steps else estimator


def _can_stop(estimator_class: type[Any]) -> bool:
    """Return whether a class takes rows to stop by in fit, and keeps its best round."""
    library = library_of(estimator_class.__module__)
    if library == "xgboost":
        from xgboost import XGBRFClassifier, XGBRFRegressor

        return not issubclass(estimator_class, (XGBRFClassifier, XGBRFRegressor))  # forests of one round
    return library in BOOSTING or _VALIDATION in inspect.signature(estimator_class.fit).parameters
