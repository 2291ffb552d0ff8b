"""Makes the unfitted estimator that a config names, with its params and its seeds."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.containment import user_code
from include.training.errors import FitError, ModelInterfaceError, ModelParamsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from include.training.user_code import UserModule


@dataclass(frozen=True, slots=True)
class BuiltEstimator:
    """An estimator, ready to be fitted.

    Attributes:
        estimator: The estimator itself.
        file: The user's file that its code may be from, None for a library's class.
        seeded: Its params that were None and were set to the config's random_state.
    """

    estimator: Any
    file: Path | None
    seeded: tuple[str, ...]

    @property
    def name(self) -> str:
        """The estimator's class."""
        return type(self.estimator).__name__


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
    _check_estimator(module.file, estimator)
    with user_code(module.file, "set_params"):
        seeded = _seed(estimator, random_state)
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
    _check_estimator(name, estimator)
    return BuiltEstimator(estimator, None, _seed(estimator, random_state))


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


def _check_estimator(model: object, estimator: Any) -> None:
    if inspect.isclass(estimator):
        name = estimator.__name__
        raise ModelInterfaceError(
            model, f"build_model returned the class {name}: return an instance, {name}(...)."
        )
    if estimator is None:
        raise ModelInterfaceError(
            model, "build_model returned nothing: end it with a return of the estimator."
        )
    lacking = [method for method in ("fit", "predict") if not hasattr(estimator, method)]
    if lacking:
        kind = type(estimator).__name__
        raise ModelInterfaceError(
            model,
            f"a {kind} has no {' and no '.join(lacking)} method: a regressor or a classifier is needed.",
        )


def _seed(estimator: Any, random_state: int) -> tuple[str, ...]:
    if not hasattr(estimator, "get_params"):
        return ()
    unset = sorted(
        name
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.split("__")[-1] == "random_state"
    )
    if unset:
        estimator.set_params(**dict.fromkeys(unset, random_state))
    return tuple(unset)
