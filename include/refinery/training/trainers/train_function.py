"""Run a user's `train` function, which reads the dataset and writes the model itself."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import PICKLE
from refinery.training.errors import ModelCodeError, TrainingError
from refinery.training.evaluation.scores import split_finite
from refinery.training.models.estimators import check_params
from refinery.training.output.model_file import find_model_fault
from refinery.training.output.result import FitResult
from refinery.training.seeding import seeded_generators
from refinery.training.user_code.isolation import user_code
from refinery.training.user_code.modules import TRAIN
from refinery.wording import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from refinery.training.user_code.modules import UserModule

# The paths of the dataset and of the model.
_PATH_ARGUMENTS = 2
_NOT_MEASURED = "Not measured: train returned no metrics, so the quality of the model is unknown. Return a mapping of names to numbers."


def run_train_function(
    module: UserModule, params: Mapping[str, Any], dataset: Path, model_path: Path, random_state: int
) -> FitResult:
    """Call `train(dataset_path, model_path, **params)` with both paths as text, and check what it wrote.

    The global random generators are seeded.

    Raises:
        ModelCodeError: It does not take two paths.
        ModelParamsError: It does not take these params.
        UserCodeError: It raised or left the process.
        TrainingError: It did not write a pickle, or it did not return a mapping of names to numbers.
    """
    try:
        inspect.signature(module.function).bind_partial(dataset, model_path)
    except TypeError as error:
        advice = "train must take the dataset's path and the model's path as its first two arguments."
        raise ModelCodeError(f"{module.file}: {advice}") from error
    check_params(TRAIN, module.function, params, given_by_position=_PATH_ARGUMENTS)
    with user_code(module.file, TRAIN), seeded_generators(random_state):
        # As text: a script may join or open paths in any way.
        returned = module.function(str(dataset), str(model_path), **params)
    _check_model_file(module.file, model_path)
    metrics, left_out = split_finite(_check_metrics(module.file, returned))
    warnings = () if metrics else (_NOT_MEASURED,)
    return FitResult(metrics, left_out, {"format": PICKLE}, warnings=warnings)


def _check_model_file(file: Path, model_path: Path) -> None:
    if model_path.is_dir():
        raise _no_model(file, "made a folder where the model's file belongs")
    if not model_path.is_file():
        raise _no_model(file, "did not write a model")
    if fault := find_model_fault(model_path):
        raise _no_model(file, f"wrote a file that is not a model ({fault})")


def _check_metrics(file: Path, returned: object) -> dict[str, float]:
    if returned is None:
        return {}
    if not isinstance(returned, Mapping):
        raise _no_metrics(file, f"returned a {type(returned).__name__}")
    for name, value in returned.items():
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise _no_metrics(
                file, f"returned {value!r:.60} ({type(value).__name__}) for the metric {quoted(name)}"
            )
    return {name: float(value) for name, value in returned.items()}


def _no_model(file: Path, state: str) -> TrainingError:
    return TrainingError(f"{file}: train {state}: pickle the model to the path given as its second argument.")


def _no_metrics(file: Path, problem: str) -> TrainingError:
    return TrainingError(f"{file}: train {problem}; return a mapping of metric names to numbers, or nothing.")
