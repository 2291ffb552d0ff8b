"""Makes the unfitted estimator that a config names, with its params and its seeds."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from include.training.containment import user_code
from include.training.errors import FitError, ModelInterfaceError, ModelParamsError
from include.training.seeding import seed_estimator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from include.training.user_code import UserModule


class Learner(Protocol):
    """What makes a fitted model from rows.

    Attributes:
        unfitted: The estimator that is to be fitted; None where only the fitted one is known.
        file: The user's file that its code may be from, None for a library's class.
        seeded: Its params that were open and were set to the config's random_state.
    """

    @property
    def unfitted(self) -> Any: ...  # noqa: D102 - see Attributes
    @property
    def file(self) -> Path | None: ...  # noqa: D102
    @property
    def seeded(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def name(self) -> str:
        """What it is called in messages."""

    def fit(self, features: pd.DataFrame, target: pd.Series[Any]) -> Any:
        """Give a model fitted to the rows; to be called once."""

    def anew(self) -> Self:
        """Give one that has not been fitted and shares nothing with this one's model."""


@dataclass(frozen=True, slots=True)
class BuiltEstimator:
    """An estimator, ready to be fitted.

    Attributes:
        unfitted: The estimator itself; its fit changes it.
        file: The user's file that its code may be from, None for a library's class.
        seeded: Its params that were None and were set to the config's random_state.
    """

    unfitted: Any
    file: Path | None
    seeded: tuple[str, ...]

    @property
    def name(self) -> str:
        """The estimator's class."""
        return type(self.unfitted).__name__

    def fit(self, features: pd.DataFrame, target: pd.Series[Any]) -> Any:
        """Fit the estimator in place."""
        self.unfitted.fit(features, target)
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


def build_from_module(module: UserModule, params: Mapping[str, Any], random_state: int) -> BuiltEstimator:
    """Call a module's `build_model`.

    Raises:
        ModelParamsError: It does not take these params.
        ModelInterfaceError: What it returns is no estimator.
        UserCodeError: It raised or left the process.
    """
    check_params("build_model", module.function, params)
    with user_code(module.file, "build_model"):
        estimator = module.function(**params)
    check_model(module.file, "build_model", estimator, ("fit", "predict"))
    with user_code(module.file, "set_params"):
        seeded = seed_estimator(estimator, random_state)
    return BuiltEstimator(estimator, module.file, seeded)


def build_from_class(
    estimator_class: type[Any], params: Mapping[str, Any], random_state: int
) -> BuiltEstimator:
    """Make an instance of a library's estimator class.

    Raises:
        ModelParamsError: It does not take these params.
        FitError: It refused them.
    """
    name = estimator_class.__name__
    check_params(name, estimator_class, params)
    try:
        estimator = estimator_class(**params)
    except (TypeError, ValueError) as error:
        raise FitError(name, "be made", str(error)) from error
    check_model(name, name, estimator, ("fit", "predict"))
    return BuiltEstimator(estimator, None, seed_estimator(estimator, random_state))


def check_params(
    model: str, function: Callable[..., Any], params: Mapping[str, Any], *, given_by_position: int = 0
) -> None:
    """Check that a function takes the params and needs no others.

    Args:
        model: What the params are for, in messages.
        function: The function or class.
        params: The config's params.
        given_by_position: How many of the first parameters the caller fills in itself.

    Raises:
        ModelParamsError: It takes other params.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a function of compiled code tells nothing of itself
        return
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = by_position[given_by_position:] + [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    accepted = [p.name for p in named]
    unknown = [] if open_ended else [name for name in params if name not in accepted]
    missing = [p.name for p in named if p.default is p.empty and p.name not in params]
    if unknown or missing:
        raise ModelParamsError(model, unknown=unknown, missing=missing, accepted=accepted)


def check_model(model: object, function: str, estimator: Any, methods: Sequence[str]) -> None:
    """Check that what a user's function returned can be used as a model.

    Args:
        model: Where it is from, in messages.
        function: The function that returned it.
        estimator: What it returned.
        methods: The methods that are needed of it.

    Raises:
        ModelInterfaceError: It is no model.
    """
    if inspect.isclass(estimator):
        name = estimator.__name__
        raise ModelInterfaceError(
            model, f"{function} returned the class {name}: return an instance, {name}(...)."
        )
    if estimator is None:
        raise ModelInterfaceError(
            model, f"{function} returned nothing: end it with a return of the estimator."
        )
    lacking = [method for method in methods if not hasattr(estimator, method)]
    if lacking:
        kind = type(estimator).__name__
        raise ModelInterfaceError(
            model,
            f"a {kind} has no {' and no '.join(lacking)} method: a regressor or a classifier is needed.",
        )
