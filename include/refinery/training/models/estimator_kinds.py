"""Find what an estimator does: a regression, a classification, or nothing that can be scored on a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.spec.tasks import CLASSIFICATION, REGRESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITHOUT_TARGET = {
    "clusterer": "groups rows",
    "outlier_detector": "looks for outliers",
    "density_estimator": "models how dense the rows are",
}
_TASKS = {"regressor": REGRESSION, "classifier": CLASSIFICATION}
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


def class_problem(estimator_class: type[Any]) -> str | None:
    """Return why no estimator of a scikit-learn class learns a target; None where some may, depending on params."""
    from sklearn.base import ClusterMixin, DensityMixin, OutlierMixin

    name = estimator_class.__name__
    mixins = {ClusterMixin: "clusterer", OutlierMixin: "outlier_detector", DensityMixin: "density_estimator"}
    kinds = [kind for mixin, kind in mixins.items() if issubclass(estimator_class, mixin)]
    if kinds:
        return _without_target(name, kinds[0])
    return None if hasattr(estimator_class, "predict") else _without_predict(name)


def kind_problem(estimator: Any) -> str | None:
    """Return why an estimator, fitted or not, does not learn a target of one column; None where it seems to.

    For a Pipeline the last step counts, and for a search or another wrapper the estimator inside.
    """
    for part in _chain(estimator):
        name, kind = _name_in(estimator, part), _kind(part)
        if kind in _WITHOUT_TARGET:
            return _without_target(name, kind)
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


def _without_target(name: str, kind: str) -> str:
    return f"{name} {_WITHOUT_TARGET[kind]} and learns no target, and {_TRAIN_ADVICE}"


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
