"""Find what an estimator does: a regression, a classification, or something that learns no target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import ANOMALY, CLASSIFICATION, CLUSTERING, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITHOUT_TARGET = {
    "clusterer": "groups rows",
    "outlier_detector": "looks for outliers",
    "density_estimator": "models how dense the rows are",
}
_TASKS = {"regressor": REGRESSION, "classifier": CLASSIFICATION}
# Mixtures are density estimators with a cluster for each component.
_TASKS_WITHOUT_TARGET = {
    "outlier_detector": ANOMALY,
    "clusterer": CLUSTERING,
    "density_estimator": CLUSTERING,
}
_FITTING = {
    ANOMALY: "an outlier detector, such as sklearn.ensemble.IsolationForest",
    CLUSTERING: "a clusterer, such as sklearn.cluster.KMeans",
}
# The attributes in which scikit-learn's wrappers keep the estimator that learns the target.
_WRAPPED = ("estimator", "regressor", "final_estimator")
_WRAPPERS = ("sklearn", "imblearn")
_TRAIN_ADVICE = (
    "the config trains a regressor or a classifier. Bring it in a module that defines train(dataset_path, model_path), "
    "fits it, writes the model and returns its own metrics"
)


def declared_task(estimator: Any) -> str | None:
    """Return "regression" or "classification" as an estimator declares it; None where it declares neither."""
    return _TASKS.get(_kind(estimator))


def name_of(estimator: Any) -> str:
    """Return the name of an estimator's class, as a config writes it: of a Pipeline its last step's, of a boosting library its own."""
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if steps else estimator
    return type(getattr(last, "boosted", last)).__name__


def class_problem(estimator_class: type[Any], task: str | None = None) -> str | None:
    """Return why no estimator of a scikit-learn class fits the config; None where some may, depending on params.

    Args:
        estimator_class: The class.
        task: "anomaly" or "clustering"; None where the estimator is to learn a target.
    """
    from sklearn.base import ClassifierMixin, ClusterMixin, DensityMixin, OutlierMixin, RegressorMixin

    name = estimator_class.__name__
    mixins = {
        ClusterMixin: "clusterer",
        OutlierMixin: "outlier_detector",
        DensityMixin: "density_estimator",
        RegressorMixin: "regressor",
        ClassifierMixin: "classifier",
    }
    kinds = [kind for mixin, kind in mixins.items() if issubclass(estimator_class, mixin)]
    can_predict = hasattr(estimator_class, "predict")
    if task is not None:
        kind = next(iter(kinds), "")
        problem = _unfit_for(name, kind, task, can_predict=can_predict) if kinds else None
        return problem or (None if can_predict else _without_labels(name, kind, task))
    if kinds and kinds[0] in _WITHOUT_TARGET:
        return _without_target(name, kinds[0], can_predict=can_predict)
    return None if can_predict else _without_predict(name)


def kind_problem(estimator: Any, task: str | None = None) -> str | None:
    """Return why an estimator, fitted or not, does not fit the config; None where it seems to.

    For a Pipeline the last step counts, and for a search or another wrapper the estimator inside.

    Args:
        estimator: The estimator.
        task: "anomaly" or "clustering"; None where it is to learn a target of one column.
    """
    return _target_problem(estimator) if task is None else _task_problem(estimator, task)


def _task_problem(estimator: Any, task: str) -> str | None:
    *_, last = _chain(estimator)
    name = _name_in(estimator, last)
    for part in _chain(estimator):
        for _, step in vars(part).get("steps", ()) if _wraps(part) else ():
            if hasattr(step, "fit_resample"):
                return f"{type(step).__name__} samples rows by their target, and task: {task} has none: leave the step out"
    can_predict, kind = hasattr(type(last), "predict"), _kind(last)
    if problem := _unfit_for(name, kind, task, can_predict=can_predict):
        return problem
    if type(last).__name__ == "LocalOutlierFactor" and not last.novelty:
        return f'{name} labels only the rows that it is fitted to: set "novelty" to true, so that it can serve new rows'
    return None if hasattr(last, "predict") else _without_labels(name, kind, task)


def _target_problem(estimator: Any) -> str | None:
    for part in _chain(estimator):
        name, kind = _name_in(estimator, part), _kind(part)
        if kind in _WITHOUT_TARGET:
            return _without_target(name, kind, can_predict=hasattr(type(part), "predict"))
        if _wraps(part) and vars(part).get("estimator", part) is None and not kind:
            return f"{name} needs an estimator to wrap: give it one in a module's build_model"
        tags = _tags(part)
        if tags and kind and not tags.target_tags.single_output:
            return (
                f"{name} learns several targets together, and a config has one: use the class for one target"
            )
        # A StackingRegressor has its predict method only after fit.
        if not (kind or hasattr(type(part), "predict") or hasattr(part, "predict")):
            return _without_predict(name)
    return None


def _unfit_for(name: str, kind: str, task: str, *, can_predict: bool) -> str | None:
    """Return why an estimator of a kind does not do a task; None where it does."""
    does = _TASKS_WITHOUT_TARGET.get(kind)
    if does == task:
        return None
    choose = f"choose {_FITTING[task]}"
    if does is not None:
        write = f"write task: {does}, or " if can_predict else ""
        return f"{name} {_WITHOUT_TARGET[kind]}, which is not task: {task}: {write}{choose}"
    if kind in _TASKS:
        return f"{name} is a {kind}, and task: {task} has no target to learn: remove task, or {choose}"
    mixin = "OutlierMixin" if task == ANOMALY else "ClusterMixin"
    return f"{name} does not declare that it does task: {task}: {choose}, or let its class inherit from sklearn.base.{mixin}"


def _without_labels(name: str, kind: str, task: str) -> str:
    if kind not in ("clusterer", "outlier_detector"):
        return f"{name} has no predict method: {_FITTING[task]}, is needed"
    return f"{name} labels only the rows that it is fitted to (it has no predict), so it cannot serve new rows: choose {_FITTING[task]}"


def _without_target(name: str, kind: str, *, can_predict: bool) -> str:
    task = f", or write task: {_TASKS_WITHOUT_TARGET[kind]}" if can_predict else ""
    return f"{name} {_WITHOUT_TARGET[kind]} and learns no target, and {_TRAIN_ADVICE}{task}"


def _without_predict(name: str) -> str:
    return (
        f"{name} has no predict method: a regressor or a classifier is needed; "
        "transformers go before one, under model.steps or into a Pipeline that a module's build_model returns"
    )


def _chain(estimator: Any) -> Iterator[Any]:
    """Yield an estimator, its last step or the estimator that it wraps, and so on inward."""
    yield estimator
    if not _wraps(estimator):
        return
    attributes = vars(estimator)
    if steps := attributes.get("steps"):
        yield from _chain(steps[-1][1])
    for name in _WRAPPED:
        wrapped = attributes.get(name)
        if hasattr(wrapped, "fit"):
            yield from _chain(wrapped)


def _wraps(estimator: Any) -> bool:
    """Return whether an estimator comes from a library that keeps what it wraps under known names."""
    return type(estimator).__module__.partition(".")[0] in _WRAPPERS


def _kind(estimator: Any) -> str:
    tags = _tags(estimator)
    # Classes made for scikit-learn before 1.6 have an attribute in place of tags.
    kind = tags.estimator_type if tags else getattr(estimator, "_estimator_type", None)
    return kind if isinstance(kind, str) else ""


def _tags(estimator: Any) -> Any:
    from sklearn.utils import get_tags

    if not hasattr(
        estimator, "__sklearn_tags__"
    ):  # an estimator that does not inherit from scikit-learn's base
        return None
    try:
        return get_tags(estimator)
    except AttributeError:  # neither does what it wraps
        return None


def _name_in(estimator: Any, part: Any) -> str:
    name = part if isinstance(part, str) else type(part).__name__
    return name if part is estimator else f"{name}, the last step of the {type(estimator).__name__},"
