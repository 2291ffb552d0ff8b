"""Runs a user's `train` function: an already-made script that reads the dataset and writes the model itself."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from include.artifacts import PICKLE
from include.training.containment import user_code
from include.training.errors import MetricsError, ModelInterfaceError, NoModelFileError
from include.training.estimators import check_params
from include.training.evaluation import split_finite
from include.training.model_file import find_model_fault
from include.training.outcome import Outcome
from include.training.seeding import seeded_generators
from include.training.user_code import TRAIN

if TYPE_CHECKING:
    from pathlib import Path

    from include.training.user_code import UserModule

# The paths of the dataset and of the model.
_PATH_ARGUMENTS = 2


def run_train_function(
    module: UserModule, params: Mapping[str, Any], dataset: Path, model_path: Path, random_state: int
) -> Outcome:
    """Call `train(dataset_path, model_path, **params)` with both paths as text, and check what it leaves.

    The generators that it may draw from without a seed of its own are seeded.

    Raises:
        ModelInterfaceError: It does not take two paths.
        ModelParamsError: It does not take these params.
        UserCodeError: It raised or left the process.
        NoModelFileError: It wrote no model, or a file that is no pickle.
        MetricsError: What it returned is no mapping of names to numbers.
    """
    try:
        inspect.signature(module.function).bind_partial(dataset, model_path)
    except TypeError as error:
        advice = "train must take the dataset's path and the model's path as its first two arguments."
        raise ModelInterfaceError(module.file, advice) from error
    check_params(TRAIN, module.function, params, given_by_position=_PATH_ARGUMENTS)
    with user_code(module.file, TRAIN), seeded_generators(random_state):
        # As text: a script may join or open its paths in any way that it likes.
        returned = module.function(str(dataset), str(model_path), **params)
    _check_model_file(module.file, model_path)
    metrics, left_out = split_finite(_check_metrics(module.file, returned))
    return Outcome(metrics, left_out, {"format": PICKLE})


def _check_model_file(file: Path, model_path: Path) -> None:
    if model_path.is_dir():
        raise NoModelFileError(file, "made a folder where the model's file belongs")
    if not model_path.is_file():
        raise NoModelFileError(file, "wrote no model")
    if fault := find_model_fault(model_path):
        raise NoModelFileError(file, f"wrote a file that is no model ({fault})")


def _check_metrics(file: Path, returned: object) -> dict[str, float]:
    if returned is None:
        return {}
    if not isinstance(returned, Mapping):
        raise MetricsError(file, f"returned a {type(returned).__name__}")
    for name, value in returned.items():
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise MetricsError(
                file, f"returned {value!r:.60} ({type(value).__name__}) for the metric {name!r}"
            )
    return {name: float(value) for name, value in returned.items()}
