"""Load a model's written file where the model's code has not run, and compare its predictions with the fitted model's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import MODEL_FILES, ONNX
from refinery.training.errors import FitError, MissingModelCodeError, TrainingError
from refinery.training.evaluation.model_output import ask
from refinery.training.output.model_file import read_model_file
from refinery.training.user_code.clean_process import CleanProcessError
from refinery.training.user_code.isolation import isolated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from refinery.training.evaluation.scores import HeldOut
    from refinery.training.evaluation.unsupervised import ScoredRows
    from refinery.training.output.result import FitResult
    from refinery.training.user_code.clean_process import CleanProcess

    # The predictions, and the scores where the model gives some.
    _Predicted = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]

# Enough to notice another model; predicting them takes milliseconds.
_MOST_ROWS = 20
# What another number of threads may change, relative to a value and to the spread; ONNX may compute in 32 bits.
_TOLERANCE = 1e-6
_ONNX_TOLERANCE = 1e-4
# Rounding may change the predictions of a few rows when they are predicted together with others.
_ROUNDING = 1e-3
_FEW = 0.1
_FAILS = "does not work when it is loaded from its file alone"
_DEPENDS_ON_OTHERS = (
    "The prediction for a row depends on the other rows that are predicted with it, so the metrics hold for the held-out "
    "rows as one table only: compute values over rows, such as their mean, in fit and not in predict."
)
_VARIES = (
    "The model predicts different values each time it is given the same rows, so its file could be loaded but not "
    "compared with it; give its random numbers a fixed random_state."
)


def read_back(
    clean: CleanProcess, file: Path, outcome: FitResult, *, trusted: Sequence[str], by_script: bool
) -> FitResult:
    """Load the file of a model in a clean process and check that it predicts a few held-out rows as the model does.

    Args:
        clean: The process.
        file: The written file.
        outcome: The training's result; without a model and rows, the file is only loaded.
        trusted: For skops, the types that may be in it.
        by_script: Whether a script wrote it, whose classes Refinery may not be able to import.

    Returns:
        The outcome, with a warning where a script's file needs such a class, or where predictions vary by themselves.

    Raises:
        TrainingError: The file does not load, or predicts something else.
        FitError: The model cannot predict a few of the rows that it was evaluated on.
    """
    model, held_out = outcome.model, outcome.held_out
    if model is None or held_out is None:
        missing = _call(clean, file, load_only, file, tuple(trusted))
        if missing and not by_script:
            raise _not_kept(file, f"{_FAILS}: {missing}")
        return (
            _with_warning(outcome, f"{file.name} cannot be loaded by Refinery: {missing}")
            if missing
            else outcome
        )
    rows = held_out.features.head(_MOST_ROWS)
    expected = _predict_here(model, held_out, rows)
    found = _call(clean, file, load_and_predict, file, tuple(trusted), held_out.task, rows)
    tolerance = _ONNX_TOLERANCE if file.name == MODEL_FILES[ONNX] else _TOLERANCE
    if (difference := _difference(expected, found, tolerance)) is None:
        depends = _depends_on_other_rows(held_out, expected[0])
        return _with_warning(outcome, _DEPENDS_ON_OTHERS) if depends else outcome
    if _difference(expected, _predict_here(model, held_out, rows), tolerance) is None:
        raise _not_kept(file, f"does not predict what the fitted model predicts: {difference}")
    return _with_warning(outcome, _VARIES)


def load_only(file: Path, trusted: Sequence[str]) -> str | None:
    """Load a model's file, and return the reason where it needs code that is not here.

    Raises:
        ModelFileError: It does not load for another reason.
    """
    try:
        read_model_file(file, trusted=trusted)
    except MissingModelCodeError as error:
        return error.reason
    return None


def load_and_predict(file: Path, trusted: Sequence[str], task: str, rows: pd.DataFrame) -> _Predicted:
    """Load a model's file and predict rows with it.

    Raises:
        ModelFileError: It does not load.
    """
    return _predictions(read_model_file(file, trusted=trusted), task, rows)


def _call(clean: CleanProcess, file: Path, function: Callable[..., Any], *args: Any) -> Any:
    try:
        return clean.call(function, *args)
    except CleanProcessError as error:
        problem = str(error).removeprefix(f"{file}: ")
        raise _not_kept(file, f"{_FAILS}: {problem}") from error


def _not_kept(file: Path, problem: str) -> TrainingError:
    return TrainingError(
        f"The written {file.name} {problem.rstrip('.')}. The model was not kept. A model must work from its file and its module "
        "alone: define its classes at the top of the module, keep what fit learns in the model's own attributes, and leave "
        "pickle, joblib, and methods such as __reduce__ and __setstate__ as they are."
    )


def _with_warning(outcome: FitResult, warning: str) -> FitResult:
    return replace(outcome, warnings=(*outcome.warnings, warning))


def _predict_here(model: Any, held_out: HeldOut | ScoredRows, rows: pd.DataFrame) -> _Predicted:
    try:
        with isolated():
            return _predictions(model, held_out.task, rows)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error} (for {len(rows)} held-out rows alone)"
        raise FitError(type(model).__name__, "predict", reason) from error


def _predictions(model: Any, task: str, rows: pd.DataFrame) -> _Predicted:
    predictions = ask(model, task, rows)
    return predictions.values, predictions.scores  # noqa: PD011 - not a Series


def _difference(expected: _Predicted, found: _Predicted, tolerance: float) -> str | None:
    """Describe the first difference; None where the two are equal up to rounding."""
    for name, ours, theirs in zip(("prediction", "score"), expected, found, strict=True):
        if ours is None or theirs is None:
            if ours is not theirs:
                return "only one of them gives scores"
            continue
        if ours.shape != theirs.shape:
            return f"the shape of its {name}s is {theirs.shape} and not {ours.shape}"
        rows = _differing_rows(ours, theirs, tolerance)
        if rows:
            first = rows[0]
            return (
                f"in {len(rows)} of {len(ours)} held-out rows, for example {name} {_shown(theirs[first])} "
                f"and not {_shown(ours[first])}"
            )
    return None


def _depends_on_other_rows(held_out: HeldOut | ScoredRows, alone: np.ndarray[Any, Any]) -> bool:
    """Return whether the first held-out rows get other predictions alone than together with all."""
    among_all = held_out.predicted[: len(alone)]
    return len(_differing_rows(among_all, alone, _ROUNDING)) > _FEW * len(alone)


def _differing_rows(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any], tolerance: float) -> list[int]:
    import numpy as np

    if ours.dtype.kind == "f" and theirs.dtype.kind == "f":
        spread = float(np.nanstd(ours)) if np.isfinite(ours).any() else 0.0
        same = np.isclose(theirs, ours, rtol=tolerance, atol=tolerance * spread, equal_nan=True)
    else:
        same = np.array([[_equal(*pair)] for pair in zip(ours.ravel(), theirs.ravel(), strict=True)])
    rows = same.reshape(len(ours), -1).all(axis=1)
    return [int(row) for row in np.flatnonzero(~rows)]


def _equal(ours: Any, theirs: Any) -> bool:
    return bool(ours == theirs) or (ours != ours and theirs != theirs)  # noqa: PLR0124 - not a number


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value!s:.60}"
