"""Train with a user's `fit` function, which gets features and target and returns the fitted model."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from refinery.training.errors import ModelCodeError
from refinery.training.models.estimators import check_model, check_params
from refinery.training.models.sample_weights import SAMPLE_WEIGHT
from refinery.training.seeding import SEED
from refinery.training.user_code.modules import FIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from refinery.training.user_code.modules import UserModule

# The features and the target.
_DATA_ARGUMENTS = 2


@dataclass(frozen=True, slots=True)
class FitFunction:
    """A user's `fit` function with its params.

    Attributes:
        module: The module that defines it.
        params: Its keyword arguments.
        seeded: ("random_state",) where it takes one that the config leaves unset.
    """

    module: UserModule
    params: Mapping[str, Any]
    seeded: tuple[str, ...]

    @property
    def unfitted(self) -> None:
        """None: its model is known only when it returns."""

    @property
    def file(self) -> Path:
        """The module's file."""
        return self.module.file

    @property
    def name(self) -> str:
        """The module's name."""
        return self.module.file.stem

    def fit(self, features: pd.DataFrame, target: pd.Series[Any] | None, weights: Any = None) -> Any:
        """Call the function.

        Raises:
            ModelCodeError: It did not return a model.
        """
        # Code that adds columns to its features must not change the next fold's rows.
        given = {**self.params, **({} if weights is None else {SAMPLE_WEIGHT: weights})}
        column = None if target is None else target.copy(deep=False)
        model = self.module.function(features.copy(deep=False), column, **given)
        check_model(self.module.file, FIT, model, ("predict",))
        return model

    def anew(self) -> Self:
        """Return itself: a function keeps no model."""
        return self


def prepare_fit_function(
    module: UserModule, params: Mapping[str, Any], random_state: int, *, weighted: bool = False
) -> FitFunction:
    """Check a module's `fit` function and its params, and pass the config's seed where it accepts one.

    Raises:
        ModelCodeError: It does not take features and target, or no weights where rows have some.
        ModelParamsError: It does not take these params.
    """
    parameters = inspect.signature(module.function).parameters
    seed = parameters.get(SEED)
    if seed is not None and seed.default in (None, seed.empty) and params.get(SEED) is None:
        params = {**params, SEED: random_state}
        seeded: tuple[str, ...] = (SEED,)
    else:
        seeded = ()
    try:
        inspect.signature(module.function).bind_partial(None, None)
    except TypeError as error:
        advice = "fit must take the features and the target as its first two arguments."
        raise ModelCodeError(f"{module.file}: {advice}") from error
    if weighted and SAMPLE_WEIGHT not in parameters:
        raise ModelCodeError(
            f"{module.file}: weight: fit takes no sample_weight; write fit(features, target, sample_weight), or remove weight."
        )
    passed = {SAMPLE_WEIGHT: None} if weighted else {}
    check_params(FIT, module.function, {**params, **passed}, given_by_position=_DATA_ARGUMENTS)
    return FitFunction(module, params, seeded)
