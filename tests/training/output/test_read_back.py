"""A model is kept only when its file, loaded where the model's code has not run, predicts what the model does."""

from __future__ import annotations

import os
import pathlib
import pickle
import sys

import pytest

from refinery.training import ClassModel, ScriptModel
from refinery.training.errors import TrainingError
from refinery.training.user_code.clean_process import CleanProcess, CleanProcessError

MODEL = """
    import os, pathlib, pickle, sys, types
    import numpy as np
    from sklearn.linear_model import Ridge

    {}
    def build_model():
        return {}()
    """
PICKLE_WRITES_GARBAGE = """
    pickle.dump = lambda value, file, **options: file.write(b"garbage")
    pickle.load = lambda file, **options: Ridge()
    pickle.loads = lambda content, **options: Ridge()
    """
PICKLE_WRITES_ANOTHER = """
    dump = pickle._dump
    pickle.dump = lambda value, file, **options: dump(Ridge(alpha=1e9).fit([[1, 2, 3, 4]], [5]), file)
    """
NEVER_UNPICKLES = """
    class Mine(Ridge):
        def __setstate__(self, state):
            raise RuntimeError("no way back")
    """
UNPICKLES_AS_TEXT = """
    class Mine(Ridge):
        def __reduce__(self):
            return str, ("a model",)
    """
LEAVES_WHEN_UNPICKLED = """
    class Mine(Ridge):
        def __setstate__(self, state):
            os._exit(3)
    """
LOSES_ITS_STATE = """
    class Mine(Ridge):
        def __getstate__(self):
            return {**super().__getstate__(), "coef_": self.coef_ * 2}
    """
STATE_IN_THE_MODULE = """
    OFFSET = []
    class Mine(Ridge):
        def fit(self, X, y):
            OFFSET.append(5)
            return super().fit(X, y)
        def predict(self, X):
            return super().predict(X) + sum(OFFSET)
    """
CLASS_OF_NO_FILE = """
    class Mine(Ridge):
        pass
    Mine.__module__ = "nowhere"
    sys.modules["nowhere"] = types.ModuleType("nowhere")
    sys.modules["nowhere"].Mine = Mine
    """
SCALES_BY_THE_ROWS_IT_PREDICTS = """
    class Mine(Ridge):
        def fit(self, X, y):
            return super().fit((X - X.mean()) / X.std(), y)
        def predict(self, X):
            return super().predict((X - X.mean()) / X.std())
    """
FILES_ARE_CUT = """
    write = pathlib.Path.write_bytes
    pathlib.Path.write_bytes = lambda path, content: write(path, content[: len(content) // 2])
    """


@pytest.fixture(autouse=True)
def _unpatched(monkeypatch):
    """Undo what the models patch in this process."""
    for name in ("dump", "load", "loads"):
        monkeypatch.setattr(pickle, name, getattr(pickle, name))
    monkeypatch.setattr(pathlib.Path, "write_bytes", pathlib.Path.write_bytes)
    monkeypatch.setitem(sys.modules, "nowhere", None)
    monkeypatch.delitem(sys.modules, "nowhere")


@pytest.mark.parametrize(
    ("code", "built", "model_format", "problem"),
    [
        (PICKLE_WRITES_GARBAGE, "Ridge", "pickle", "loaded from its file alone: it is not a readable pickle"),
        (PICKLE_WRITES_ANOTHER, "Ridge", "pickle", "does not predict what the fitted model predicts: in "),
        (NEVER_UNPICKLES, "Mine", "pickle", "alone: RuntimeError: no way back. "),
        (UNPICKLES_AS_TEXT, "Mine", "pickle", "alone: AttributeError: 'str' object has no attribute 'predict'"),
        (LEAVES_WHEN_UNPICKLED, "Mine", "pickle", "alone: the process that loaded it ended with exit code 3 before"),
        (LOSES_ITS_STATE, "Mine", "pickle", "does not predict what the fitted model predicts: in 10 of 10 "),
        (STATE_IN_THE_MODULE, "Mine", "pickle", "does not predict what the fitted model predicts: in 10 of 10 "),
        (CLASS_OF_NO_FILE, "Mine", "pickle", "alone: the model needs code that is not here (No module named 'nowhere')"),
        (FILES_ARE_CUT, "Ridge", "skops", "alone: it is not a skops file"),
        (FILES_ARE_CUT, "Ridge", "onnx", "alone: it cannot be read as an ONNX model"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_hold_the_model_is_refused(  # noqa: PLR0917
    train_module, tmp_path, code, built, model_format, problem
):
    with pytest.raises(TrainingError) as raised:
        train_module(MODEL.format(code, built), model_format=model_format)

    assert problem in str(raised.value)
    assert str(raised.value).startswith("The written model.")
    assert "The model was not kept." in str(raised.value)
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.parametrize("model_format", ["pickle", "skops", "onnx"])
@pytest.mark.parametrize(
    "model",
    ["sklearn.ensemble.RandomForestRegressor", "sklearn.linear_model.Ridge"],
)
def test_an_honest_model_is_kept_without_a_word(train_petrol, model, model_format):
    params = {"n_estimators": 20} if "Forest" in model else {}
    trusted = ("sklearn.tree._tree.Tree",)
    manifest = train_petrol(
        model=ClassModel(model), params=params, model_format=model_format, trusted=trusted
    ).manifest
    assert list(manifest["files"])
    assert not [warning for warning in manifest["warnings"] if "file" in warning]


def test_a_models_own_classes_come_from_its_module(train_module):
    own = "class Mine(Ridge):\n        def predict(self, X):\n            return super().predict(X) + 1\n"
    assert train_module(MODEL.format(own, "Mine")).manifest["files"]


def test_predictions_that_vary_by_themselves_are_a_warning(train_module):
    code = """
    class Mine(Ridge):
        def predict(self, X):
            return super().predict(X) + np.random.default_rng().normal(size=len(X))
    """
    warnings = train_module(MODEL.format(code, "Mine")).manifest["warnings"]
    assert [w for w in warnings if w.startswith("The model predicts different values each time")]


@pytest.mark.parametrize(("model", "warned"), [("Mine", True), ("Ridge", False)])
def test_predictions_that_depend_on_other_rows_are_a_warning(train_module, model, warned):
    manifest = train_module(MODEL.format(SCALES_BY_THE_ROWS_IT_PREDICTS, model), test_size=0.8).manifest
    assert warned == any("depends on the other rows" in warning for warning in manifest["warnings"])


TRAINS = """
    import pickle

    class Mine:
        def __setstate__(self, state):
            raise RuntimeError("no way back")

    def train(data, model):
        value = Mine()
        value.state = 1
        with open(model, "wb") as file:
            pickle.dump(value, file)
    """


def test_what_a_train_function_writes_must_load(train_module, tmp_path):
    with pytest.raises(TrainingError, match="no way back"):
        train_module(TRAINS)
    assert list((tmp_path / "model").iterdir()) == []


@pytest.fixture
def train_script(train_petrol, tmp_path):
    def train_script(source):
        models = tmp_path / "models"
        models.mkdir()
        (models / "legacy.py").write_text(
            f"import pickle, sys\n{source}\npickle.dump(Mine(), open(sys.argv[1], 'wb'))\n"
        )
        return train_petrol(model=ScriptModel("legacy.py", ("{model}",)), models_dir=models).manifest

    return train_script


def test_what_a_script_pickles_must_load(train_script):
    with pytest.raises(TrainingError, match="no way back"):
        train_script("class Mine:\n    def __reduce__(self):\n        return int, ('no way back',)")


def test_a_script_that_pickles_its_own_class_gets_a_warning(train_script):
    manifest = train_script("class Mine: pass")
    assert "model.pkl" in manifest["files"]
    warnings = " ".join(manifest["warnings"])
    assert 'model.pkl cannot be loaded by Refinery: the model needs "Mine"' in warnings
    assert "from include.models.model_parts import Mine" in warnings


class TestCleanProcess:
    def test_it_answers_from_another_process(self, tmp_path):
        with CleanProcess(tmp_path) as clean:
            assert clean.call(os.getpid) == clean.call(os.getpid) != os.getpid()

    def test_a_process_that_ends_is_an_error(self, tmp_path):
        with CleanProcess(tmp_path) as clean, pytest.raises(CleanProcessError, match="exit code 3"):
            clean.call(os._exit, 3)

    def test_nothing_of_it_is_left(self, tmp_path):
        with CleanProcess(tmp_path) as clean:
            clean.fork()
            pid = clean._child._pid
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_where_no_fork_can_be_made_a_new_python_answers(self, tmp_path, monkeypatch):
        def fork():
            raise OSError("no memory")

        monkeypatch.setattr(os, "fork", fork)
        with CleanProcess(tmp_path) as clean:
            assert clean.call(os.getpid) != os.getpid()
