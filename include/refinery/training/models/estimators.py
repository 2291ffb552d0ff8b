"""Make the unfitted estimator that a config names, with its params and seeds."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from refinery.spec.libraries import BOOSTING, library_of
from refinery.spec.training import ClassModel, StepsModel
from refinery.training.errors import FitError, ModelCodeError, ModelParamsError
from refinery.training.models.estimator_kinds import kind_problem
from refinery.training.models.library_classes import estimators_problem, find_estimator_class, find_step_class
from refinery.training.models.library_params import accepted_params, canonical_params, refused_values
from refinery.training.models.sample_weights import weight_argument
from refinery.training.seeding import seed_estimator
from refinery.training.user_code.isolation import user_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from refinery.training.user_code.modules import UserModule


class Learner(Protocol):
    """Something that fits a model to rows.

    Attributes:
        unfitted: The estimator to fit; None where only the fitted one is known.
        file: The user's file that its code may come from; None for a library's class.
        seeded: Its params that were unset and were set to the config's random_state.
    """

    @property
    def unfitted(self) -> Any: ...  # noqa: D102 - see Attributes
    @property
    def file(self) -> Path | None: ...  # noqa: D102
    @property
    def seeded(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def name(self) -> str:
        """Its name in messages."""

    def fit(self, features: pd.DataFrame, target: pd.Series[Any] | None, weights: Any = None) -> Any:
        """Return a model fitted to the rows, with their target and weights where there are some; called once."""

    def anew(self) -> Self:
        """Return an unfitted learner that shares nothing with this one's model."""


@dataclass(frozen=True, slots=True)
class BuiltEstimator:
    """An estimator, ready to be fitted.

    Attributes:
        unfitted: The estimator itself; its fit changes it.
        file: The user's file that its code may come from; None for a library's class.
        seeded: Its params that were None and were set to the config's random_state.
    """

    unfitted: Any
    file: Path | None
    seeded: tuple[str, ...]

    @property
    def name(self) -> str:
        """The estimator's class, as a config names it."""
        return type(getattr(self.unfitted, "boosted", self.unfitted)).__name__

    def fit(self, features: pd.DataFrame, target: pd.Series[Any] | None, weights: Any = None) -> Any:
        """Fit the estimator in place."""
        argument = None if weights is None else weight_argument(self.unfitted)
        self.unfitted.fit(features, target, **({argument: weights} if argument else {}))
        return self.unfitted

    def anew(self) -> Self:
        """Copy the estimator.

        Raises:
            FitError: A part of it, such as a lock, cannot be copied.
        """
        try:
            return replace(self, unfitted=copy.deepcopy(self.unfitted))
        except Exception as error:  # a class's own __deepcopy__ may raise anything
            raise FitError(self.name, "be copied for cross-validation", str(error)) from error


def build_from_module(
    module: UserModule, params: Mapping[str, Any], random_state: int, task: str | None = None
) -> BuiltEstimator:
    """Call a module's `build_model`.

    Raises:
        ModelParamsError: It does not take these params.
        ModelCodeError: It does not return an estimator.
        UserCodeError: It raised or left the process.
    """
    check_params("build_model", module.function, params)
    with user_code(module.file, "build_model"):
        estimator = module.function(**params)
    check_model(module.file, "build_model", estimator, ("fit", "predict"), task)
    with user_code(module.file, "set_params"):
        seeded = seed_estimator(estimator, random_state)
    return BuiltEstimator(estimator, module.file, seeded)


def build_from_class(
    estimator_class: type[Any], params: Mapping[str, Any], random_state: int, task: str | None = None
) -> BuiltEstimator:
    """Make an instance of a library's estimator class.

    Raises:
        ModelParamsError: It does not take these params.
        FitError: It refused them.
    """
    estimator = make_estimator(estimator_class, params, random_state)
    name = estimator_class.__name__
    check_model(name, name, estimator, ("fit", "predict"), task)
    return BuiltEstimator(estimator, None, seed_estimator(estimator, random_state))


def build_from_libraries(
    model: ClassModel | StepsModel,
    params: Mapping[str, Any],
    random_state: int,
    libraries: Sequence[str],
    task: str | None = None,
) -> BuiltEstimator:
    """Make an instance of a library's estimator class, or a pipeline of such classes.

    Args:
        model: The class, or the steps.
        params: The params of the class.
        random_state: The seed of what has none.
        libraries: The libraries that the project allows.
        task: What it is to do without a target; None where it learns one.

    Raises:
        ModelCodeError: A class cannot be used, or does not take its params.
        FitError: It refused them.
    """
    if isinstance(model, ClassModel):
        return build_from_class(find_estimator_class(model.path, libraries, task), params, random_state, task)
    found = find_step_classes(model, libraries, task)
    steps = [
        make_estimator(one, step.params, random_state) for one, step in zip(found, model.steps, strict=True)
    ]
    estimator = make_steps(steps)
    check_model("model.steps", "the pipeline", estimator, ("fit", "predict"), task)
    return BuiltEstimator(estimator, None, seed_estimator(estimator, random_state))


def find_step_classes(
    model: StepsModel, libraries: Sequence[str], task: str | None = None
) -> list[type[Any]]:
    """Return the class of each step.

    Raises:
        ModelCodeError: One cannot be used in its place.
    """
    *before, last = model.steps
    return [
        *(find_step_class(step.path, libraries, task) for step in before),
        find_estimator_class(last.path, libraries, task),
    ]


def make_steps(steps: Sequence[Any]) -> Any:
    """Make a pipeline of estimators: imbalanced-learn's where a step samples rows, else scikit-learn's."""
    if any(hasattr(step, "fit_resample") for step in steps):
        from imblearn.pipeline import make_pipeline
    else:
        from sklearn.pipeline import make_pipeline
    return make_pipeline(*steps)


def make_estimator(estimator_class: type[Any], params: Mapping[str, Any], random_state: int) -> Any:
    """Make an instance of a library's class; one of a boosting library is put into an estimator that takes tables.

    Raises:
        ModelParamsError: It does not take these params.
        ModelCodeError: Two of them set the same, or it needs estimators.
        FitError: It refused them.
    """
    name = estimator_class.__name__
    if (problem := estimators_problem(estimator_class)) and not any(map(_holds_estimator, params.values())):
        raise ModelCodeError(f"{name}: {problem}.")
    check_library_params(estimator_class, params)
    try:
        canonical = canonical_params(estimator_class, params)
    except ValueError as error:
        raise ModelCodeError(f"{name}: {error}.") from error
    if refused := next(refused_values(estimator_class, canonical), None):
        raise FitError(name, "be made", refused)
    if library_of(estimator_class.__module__) not in BOOSTING:
        return _instance(estimator_class, canonical)
    from refinery.training.models.boosting import quiet_params, with_tables

    return with_tables(_instance(estimator_class, quiet_params(estimator_class, canonical, random_state)))


def _instance(estimator_class: type[Any], params: Mapping[str, Any]) -> Any:
    try:
        return estimator_class(**params)
    except (TypeError, ValueError) as error:
        raise FitError(estimator_class.__name__, "be made", str(error)) from error


def _holds_estimator(value: object) -> bool:
    """Return whether a param, or an item of it, is an estimator, which only Python code can pass."""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_estimator, value))
    return hasattr(value, "fit")


def check_library_params(estimator_class: type[Any], params: Mapping[str, Any]) -> None:
    """Check that a library's class accepts the params and needs no others.

    Raises:
        ModelParamsError: It does not accept them, or needs others.
    """
    name = estimator_class.__name__
    accepted = accepted_params(estimator_class, params)
    if accepted is None:
        check_params(name, estimator_class, params)
    elif unknown := [one for one in params if one not in accepted]:
        raise ModelParamsError(name, unknown=unknown, missing=[], accepted=accepted)


def check_params(
    model: str, function: Callable[..., Any], params: Mapping[str, Any], *, given_by_position: int = 0
) -> None:
    """Check that a function accepts the params and needs no others.

    Args:
        model: What the params are for, for messages.
        function: The function or class.
        params: The config's params.
        given_by_position: How many of the first parameters the caller passes itself.

    Raises:
        ModelParamsError: It does not accept them, or needs others.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a compiled function has no signature
        return
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = by_position[given_by_position:] + [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    accepted = [p.name for p in named]
    unknown = [] if open_ended else [name for name in params if name not in accepted]
    missing = [p.name for p in named if p.default is p.empty and p.name not in params]
    if unknown or missing:
        raise ModelParamsError(model, unknown=unknown, missing=missing, accepted=accepted)


def check_model(
    model: object, function: str, estimator: Any, methods: Sequence[str], task: str | None = None
) -> None:
    """Check that a user's function returned a model.

    Args:
        model: Where it comes from, for messages.
        function: The function that returned it.
        estimator: What it returned.
        methods: The methods that it needs.
        task: What it is to do without a target; None where it learns one.

    Raises:
        ModelCodeError: It is not a model, does not learn a target, or does not do the task.
    """
    if inspect.isclass(estimator):
        name = estimator.__name__
        raise ModelCodeError(
            f"{model}: {function} returned the class {name}: return an instance, {name}(...)."
        )
    if estimator is None:
        raise ModelCodeError(f"{model}: {function} returned nothing: end it with a return of the estimator.")
    # A StackingRegressor has its predict method only after fit; its class always has it.
    lacking = [
        name for name in methods if not hasattr(estimator, name) and not hasattr(type(estimator), name)
    ]
    if lacking and (task is None or "fit" in lacking):
        kind = type(estimator).__name__
        methods_lacking = " and no ".join(lacking)
        raise ModelCodeError(
            f"{model}: a {kind} has no {methods_lacking} method: a regressor or a classifier is needed."
        )
    if problem := kind_problem(estimator, task):
        raise ModelCodeError(f"{model}: {problem}.")
