"""Find which estimators can learn batch by batch, and fit them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from refinery.training.evaluation.fitting import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from refinery.training.models.estimators import Learner

    # Yields the training rows, batch by batch, from the start at each call.
    TrainRows = Callable[[], Iterable[tuple[pd.DataFrame, pd.Series[Any]]]]

_PARTIAL_FIT = "partial_fit"
_CLASSES = "classes"


def incremental_problem(estimator: Any) -> str | None:
    """Return why an estimator cannot learn batch by batch, and which can; None where it can.

    Args:
        estimator: An unfitted estimator. Every step of a scikit-learn Pipeline must be able to.
    """
    fitted = [part for part in _parts(estimator) if _is_fitted_to_rows(part)]
    unable = [type(part).__name__ for part in fitted if not hasattr(part, _PARTIAL_FIT)]
    if not unable:
        return None
    name = type(estimator).__name__
    what = name if unable == [name] else f"{' and '.join(unable)} in a {name}"
    able = ", ".join(_names_of_the_able(estimator))
    return f"{what} cannot learn batch by batch (fit: incremental), having no partial_fit; of scikit-learn these can: {able}"


def fit_by_batches(learner: Learner, train_rows: TrainRows, classes: Sequence[Any] | None) -> Any:
    """Fit an estimator in place; of a Pipeline, each step in turn, on all rows as the steps before transform them.

    Args:
        learner: The unfitted estimator.
        train_rows: Yields the rows; called once for each step.
        classes: All values of a classification's target, sorted; None for a regression.

    Returns:
        The estimator.

    Raises:
        TrainingError: The estimator refuses the rows, or raises.
    """
    parts = _parts(learner.unfitted)
    for position, part in enumerate(parts):
        if not _is_fitted_to_rows(part):
            continue
        known = {_CLASSES: list(classes)} if classes is not None and _takes_classes(part) else {}
        for features, target in train_rows():
            with running(learner, "fit", features):
                values: Any = features
                for before in parts[:position]:
                    values = before.transform(values)
                part.partial_fit(values, target, **known)
    return learner.unfitted


def _parts(estimator: Any) -> list[Any]:
    """Return the steps of a Pipeline, in order, or the estimator itself."""
    from sklearn.pipeline import Pipeline

    if not isinstance(estimator, Pipeline):
        return [estimator]
    return [step for _, step in estimator.steps if step not in (None, "passthrough")]


def _is_fitted_to_rows(part: Any) -> bool:
    from sklearn.utils import get_tags

    return not hasattr(part, "__sklearn_tags__") or bool(get_tags(part).requires_fit)


def _takes_classes(step: Any) -> bool:
    return _CLASSES in inspect.signature(step.partial_fit).parameters


def _names_of_the_able(estimator: Any) -> list[str]:
    """Return scikit-learn's classes of the estimator's kind that can be made without params."""
    from sklearn.base import is_classifier, is_regressor
    from sklearn.utils import all_estimators

    kinds = [("classifier", is_classifier), ("regressor", is_regressor)]
    kind = [name for name, is_kind in kinds if is_kind(estimator)] or ["classifier", "regressor"]
    return [
        name
        for name, found in all_estimators(type_filter=kind)
        if hasattr(found, _PARTIAL_FIT) and not _needs_params(found)
    ]


def _needs_params(estimator_class: type[Any]) -> bool:
    parameters = inspect.signature(estimator_class).parameters.values()
    return any(one.default is one.empty and one.kind is not one.VAR_KEYWORD for one in parameters)
