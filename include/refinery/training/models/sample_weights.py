"""Find how an estimator takes the weight of each row."""

from __future__ import annotations

import inspect
from typing import Any

from refinery.training.models.estimator_kinds import name_of

WEIGHT = "weight"
SAMPLE_WEIGHT = "sample_weight"
# The attributes in which scikit-learn's wrappers keep the estimator that they pass the arguments of fit to.
_WRAPPED = ("estimator", "regressor")


def weight_argument(estimator: Any) -> str | None:
    """Return the argument of `fit` for the rows' weights, such as "sample_weight" or, of a Pipeline, "ridge__sample_weight".

    Args:
        estimator: An unfitted estimator. Of a Pipeline, the last step takes the weights; of a search, the estimator in it.

    Returns:
        The argument; None where the estimator takes no weights.
    """
    from sklearn.pipeline import Pipeline

    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        argument = weight_argument(last)
        return argument and f"{name}__{argument}"
    parameters = inspect.signature(estimator.fit).parameters.values()
    if any(one.name == SAMPLE_WEIGHT for one in parameters):
        return SAMPLE_WEIGHT
    if not any(one.kind is one.VAR_KEYWORD for one in parameters):
        return None
    if members := getattr(estimator, "estimators", None):
        able = all(weight_argument(one) == SAMPLE_WEIGHT for _, one in members if hasattr(one, "fit"))
        return SAMPLE_WEIGHT if able else None
    inner = next((getattr(estimator, name) for name in _WRAPPED if hasattr(estimator, name)), None)
    return None if inner is None else weight_argument(inner)


def weight_problem(estimator: Any) -> str | None:
    """Return why an estimator cannot be fitted to weighted rows; None where it can."""
    steps = getattr(estimator, "steps", [])[:-1]
    if sampler := next((type(step).__name__ for _, step in steps if hasattr(step, "fit_resample")), None):
        return f"weight: {sampler}, one of the steps, samples rows without their weights; remove it, or remove weight"
    if weight_argument(estimator) is not None:
        return None
    return f"weight: {name_of(estimator)} takes no sample_weight in fit; choose an estimator that does, or remove weight"
