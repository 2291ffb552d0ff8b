"""Errors outlive the process that raised them."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from refinery.training import errors
from refinery.training.errors import TrainingError

MADE = [
    errors.SourceOptionError(Path("d/t.csv"), "it is UTF-16", option="encoding", value="utf-16", more="or latin-1"),
    errors.DateFormatError(Path("t.csv"), row=3, column="day", value="x", date_format="%Y"),
    errors.ColumnNotFoundError(["x"], "target", ["y"]),
    errors.ModelNotFoundError("tre", "models", ["tree"]),
    errors.ModelParamsError("Ridge", unknown=["alfa"], missing=[], accepted=["alpha"]),
    errors.FitError("Ridge", "fit", "no"),
    errors.GateFailedError("The model is rejected.", Path("rejected"), "Trained Ridge in 0.1 s"),
    errors.ModelFileError("model.pkl", "it is gone."),
    errors.OtherVersionsError("model.pkl", "it was made with Python 3.9"),
]  # fmt: skip
PLAIN = [
    found("It failed.")
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, TrainingError) and "__init__" not in vars(found)
    if not issubclass(found, errors.ModelFileError)
]


@pytest.mark.parametrize("error", [*MADE, *PLAIN], ids=lambda error: type(error).__name__)
def test_an_error_says_the_same_after_it_was_pickled(error):
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert str(error)


def test_a_model_file_names_where_it_came_from():
    error = errors.ModelFileError(Path("/tmp/scratch/model.pkl"), "it is gone.")
    error.path = "s3://models/model.pkl"

    assert str(pickle.loads(pickle.dumps(error))) == "s3://models/model.pkl: it is gone."
