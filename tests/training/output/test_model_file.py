"""Models that cannot be stored, and files that must not be loaded."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from refinery.training import load_model_file
from refinery.training.errors import FitError, ModelFileError, TrainingError, UserCodeError

LAMBDA_IN_A_PIPELINE = """
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    def build_model():
        return Pipeline([("twice", FunctionTransformer(lambda x: 2 * x)), ("ridge", Ridge())])
    """

LOCK_IN_AN_ESTIMATOR = """
    import threading
    from sklearn.linear_model import Ridge

    def build_model():
        model = Ridge()
        model.state = {"lock": threading.Lock()}
        return model
    """

WRITES = """
    import pickle
    import joblib
    import pandas as pd

    def train(data, model):
        table = pd.read_csv(data)
        {}
    """


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            LAMBDA_IN_A_PIPELINE,
            "The model cannot be pickled: model.steps[0][1].func, a function, is the part that fails (",
        ),
        (
            LOCK_IN_AN_ESTIMATOR,
            "The model cannot be pickled: model.state['lock'], a lock, is",
        ),
    ],
)
def test_an_unpicklable_model_is_reported_with_the_part_that_fails(train_module, tmp_path, source, message):
    with pytest.raises(TrainingError) as raised:
        train_module(source)

    assert str(raised.value).startswith(message)
    assert list((tmp_path / "model").iterdir()) == []


def test_a_script_that_pickles_a_lambda_is_reported_with_its_line(train_module, tmp_path):
    source = "import pickle\ndef train(data, model):\n    pickle.dump(lambda: 1, open(model, 'wb'))\n"

    with pytest.raises(UserCodeError, match=r"mine\.py:3: train raised .*[Pp]ickle"):
        train_module(source)
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("open(model, 'w').write('the model')", "it is not a pickle"),
        ("open(model, 'w').write('a.')", "it is not a pickle"),
        ("open(model, 'w').write('{\"weights\": [1, 2]}')", "it is not a pickle"),
        ("open(model, 'wb').write(pickle.dumps(table)[:-50])", "it is not a pickle: .*(cut short|remain)"),
        ("open(model, 'wb').write(pickle.dumps([1] * 20000)[:-1])", "it is not a pickle: it is cut short"),
        ("table.to_parquet(model)", "it is not a pickle"),
    ],
)
def test_a_train_function_that_writes_no_pickle_is_reported(train_module, tmp_path, statement, fault):
    with pytest.raises(TrainingError, match=fault):
        train_module(WRITES.format(statement))
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.parametrize(
    "statement",
    [
        *(f"pickle.dump(table, open(model, 'wb'), protocol={protocol})" for protocol in range(6)),
        "joblib.dump(table.to_numpy(), model)",
        *(
            f'joblib.dump(table, model, compress=("{way}", 3))'
            for way in ("zlib", "gzip", "bz2", "lzma", "xz")
        ),
    ],
)
def test_what_pickle_and_joblib_write_is_a_model_and_is_loaded(train_module, tmp_path, petrol, statement):
    files = train_module(WRITES.format(statement)).manifest["files"]

    loaded = load_model_file(tmp_path / "model" / "model.pkl", files["model.pkl"]["sha256"])

    assert pd.read_csv(petrol).to_numpy().tolist() == np.asarray(loaded).tolist()


def write(path, content):
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_a_model_is_loaded_when_it_is_the_one_that_the_manifest_describes(train_petrol, tmp_path):
    files = train_petrol().manifest["files"]

    model = load_model_file(tmp_path / "model" / "model.pkl", files["model.pkl"]["sha256"].upper())

    assert type(model).__name__ == "Pipeline"


def test_a_changed_file_is_refused_before_any_of_it_runs(tmp_path):
    trap = tmp_path / "ran"
    hostile = pickle.dumps(_RunsWhenLoaded(trap))
    write(tmp_path / "model.pkl", hostile)

    actual = hashlib.sha256(hostile).hexdigest()
    with pytest.raises(
        ModelFileError, match=f"SHA-256 is {actual}, .* changed after training and was not loaded"
    ):
        load_model_file(tmp_path / "model.pkl", "0" * 64)

    assert not trap.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no pickle", "it is not a readable pickle"),
        (b"", "it is not a readable pickle"),
        (b"cgone_module\nThing\n.", "needs code that is not here .*gone_module"),
        (b"cjson\nThing\n.", "needs code that is not here .*Thing"),
    ],
)
def test_a_file_that_cannot_be_unpickled_says_why(tmp_path, content, message):
    sha256 = write(tmp_path / "model.pkl", content)

    with pytest.raises(ModelFileError, match=message):
        load_model_file(tmp_path / "model.pkl", sha256)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"model\.pkl: the file is not there"):
        load_model_file(tmp_path / "model.pkl", "0" * 64)


def test_a_killed_training_leaves_neither_model_nor_manifest(tmp_path, petrol):
    (tmp_path / "stop.py").write_text(
        "import os\ndef train(data, model):\n"
        "    open(model, 'w').write('half a model')\n    os.kill(os.getpid(), 9)\n"
    )
    script = (
        "from pathlib import Path; from refinery.training import ModuleModel, TrainingSpec, train; import sys\n"
        "spec = TrainingSpec(model=ModuleModel('stop'), models_dir=Path(sys.argv[1]))\n"
        "train(spec, Path(sys.argv[2]), Path(sys.argv[1]) / 'out', provenance={})\n"
    )
    root = Path(__file__).parents[3]

    killed = subprocess.run([sys.executable, "-c", script, tmp_path, petrol], cwd=root, check=False)

    assert killed.returncode == -9
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".partial"]


def test_a_later_try_clears_what_an_earlier_one_left(train_petrol, tmp_path):
    folder = tmp_path / "model"
    (folder / ".partial").mkdir(parents=True)
    for name in (".partial/model.pkl", "model.pkl", "manifest.json"):
        (folder / name).write_text("old")

    train_petrol()
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model.pkl"]

    with pytest.raises(FitError):
        train_petrol(params={"n_estimators": 0})
    assert list(folder.iterdir()) == []


class _RunsWhenLoaded:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return (Path.touch, (self.trap,))
