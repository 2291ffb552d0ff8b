"""Models in the formats that are safer to load than a pickle: skops and ONNX."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR

from refinery.training import predict_file
from refinery.training.errors import FitError, ModelFileError, TrainingError
from refinery.training.output.model_file import find_model_file, load_model_file, write_model

TREE = "sklearn.tree._tree.Tree"
ROOT = Path(__file__).parents[3]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(as_frame=True, return_X_y=True)


@pytest.fixture(scope="module")
def wine():
    features, target = load_wine(as_frame=True, return_X_y=True)
    return features.add_suffix("/x (y)"), target


def stored(model, path, rows, **trusted):
    write_model(model, path, rows=rows, **trusted)
    return load_model_file(path, sha256(path), **trusted)


REGRESSORS = [
    Ridge(),
    SVR(),
    KNeighborsRegressor(),
    GradientBoostingRegressor(n_estimators=20),
    RandomForestRegressor(n_estimators=20),
    # Its trees cut scaled values: a scaler that computed in 32 bits would send rows down other branches.
    make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=100, random_state=0)),
]


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)
def test_a_regressor_predicts_the_same_as_onnx(diabetes, tmp_path, model):
    features, target = diabetes
    model.fit(features, target)

    loaded = stored(model, tmp_path / "model.onnx", features)

    assert loaded.predict(features) == pytest.approx(model.predict(features), rel=1e-4)
    shuffled = features[sorted(features.columns)].assign(more=1)
    assert loaded.predict(shuffled).tolist() == loaded.predict(features).tolist()


CLASSES = [
    pytest.param(lambda target: target, id="numbers"),
    pytest.param(lambda target: target.map({0: "red", 1: "rose", 2: "white"}), id="text"),
    pytest.param(lambda target: target == 1, id="truth values"),
    pytest.param(lambda target: target + 0.0, id="floats"),
]


@pytest.mark.parametrize("as_class", CLASSES)
@pytest.mark.parametrize("model", [make_pipeline(StandardScaler(), LogisticRegression()), GaussianNB()])
def test_a_classifier_keeps_its_classes_and_probabilities_as_onnx(wine, tmp_path, model, as_class):
    features, target = wine[0], as_class(wine[1])
    model.fit(features, target)

    loaded = stored(model, tmp_path / "model.onnx", features)

    found, expected = loaded.predict(features).tolist(), model.predict(features).tolist()
    assert found == expected
    assert type(found[0]) is type(expected[0])
    assert loaded.classes_.tolist() == model.classes_.tolist()
    assert loaded.predict_proba(features) == pytest.approx(model.predict_proba(features), abs=1e-3)


@pytest.mark.parametrize("model", [SVC(), RidgeClassifier()])
def test_a_classifier_without_probabilities_has_none_as_onnx(wine, tmp_path, model):
    model.fit(*wine)

    loaded = stored(model, tmp_path / "model.onnx", wine[0])

    assert loaded.predict(wine[0]).tolist() == model.predict(wine[0]).tolist()
    assert not hasattr(loaded, "predict_proba")


@pytest.fixture
def mixed():
    features = pd.DataFrame(
        {"town name": ["Lyon", "Paris", "Nice"] * 10, "age": range(30), "size": np.arange(30) / 7}
    )
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["town name"]), (StandardScaler(), ["age", "size"])
        ),
        Ridge(),
    )
    return model.fit(features, range(30)), features


def test_a_pipeline_with_columns_of_text_works_as_onnx(mixed, tmp_path):
    model, features = mixed

    loaded = stored(model, tmp_path / "model.onnx", features)

    new = features.head(2).assign(**{"town name": ["Rome", "Nice"]})
    assert loaded.predict(new) == pytest.approx(model.predict(new))
    with pytest.raises(FitError, match='1 rows have no value in the text column "town name"'):
        loaded.predict(new.assign(**{"town name": ["Rome", None]}))


def test_an_onnx_model_predicts_files(mixed, tmp_path):
    model, features = mixed
    loaded = stored(model, tmp_path / "model.onnx", features)
    features.to_csv(tmp_path / "new.csv", index=False)

    predicted = predict_file(loaded, {}, tmp_path / "new.csv")

    assert predicted["prediction"].tolist() == pytest.approx(model.predict(features).tolist())


def test_a_model_that_onnx_does_not_know_is_reported_with_alternatives(diabetes, tmp_path):
    model = make_pipeline(FunctionTransformer(np.cbrt), Ridge()).fit(*diabetes)

    with pytest.raises(
        TrainingError,
        match=r"Pipeline cannot be written as onnx: .*\. Set model\.format to pickle or skops\.",
    ):
        write_model(model, tmp_path / "model.onnx", rows=diabetes[0])
    assert list(tmp_path.iterdir()) == []


def test_a_failing_converter_is_quoted(diabetes, tmp_path):
    model = HistGradientBoostingRegressor(max_iter=3).fit(*diabetes)

    with pytest.raises(
        TrainingError, match=r"HistGradientBoostingRegressor cannot be written as onnx: \w+"
    ) as raised:
        write_model(model, tmp_path / "model.onnx", rows=diabetes[0])
    assert len(str(raised.value)) < 500


class _Doubled(Ridge):
    """Predicts otherwise than the Ridge that ONNX takes it for."""

    def predict(self, X):  # noqa: N803
        return 2 * super().predict(X)


def test_a_conversion_that_predicts_otherwise_is_not_accepted(diabetes, tmp_path):
    from skl2onnx import update_registered_converter
    from skl2onnx.operator_converters.linear_regressor import convert_sklearn_linear_regressor
    from skl2onnx.shape_calculators.linear_regressor import calculate_linear_regressor_output_shapes

    update_registered_converter(
        _Doubled, "Doubled", calculate_linear_regressor_output_shapes, convert_sklearn_linear_regressor
    )
    model = _Doubled().fit(*diabetes)

    with pytest.raises(
        TrainingError, match="its conversion predicts other values for 442 of 442 held-out rows"
    ):
        write_model(model, tmp_path / "model.onnx", rows=diabetes[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "model", [Ridge(), make_pipeline(StandardScaler(), SVR())], ids=lambda model: type(model).__name__
)
def test_a_model_of_known_types_is_stored_as_skops(diabetes, tmp_path, model):
    model.fit(*diabetes)

    loaded = stored(model, tmp_path / "model.skops", diabetes[0])

    assert type(loaded) is type(model)
    assert loaded.predict(diabetes[0]).tolist() == model.predict(diabetes[0]).tolist()


BESIDE_A_MODULE_THAT_WARNS = """
import hashlib, sys, types, warnings
from pathlib import Path

def ask(name):
    warnings.warn(f"{name} has moved", FutureWarning)
    raise AttributeError(name)

sys.modules["moved"] = types.ModuleType("moved")
sys.modules["moved"].__getattr__ = ask
from sklearn.linear_model import Ridge
from refinery.training.output.model_file import load_model_file, write_model

path = Path(sys.argv[1])
write_model(Ridge(), path)
load_model_file(path, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def test_modules_that_warn_when_they_are_asked_for_a_name_are_not_heard(tmp_path):
    """As many of Airflow's do: skops asks every loaded module for the functions that do not say where they are at home."""
    command = [sys.executable, "-W", "always", "-c", BESIDE_A_MODULE_THAT_WARNS, tmp_path / "model.skops"]

    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "has moved" not in process.stderr


def test_unknown_types_are_listed_when_a_model_is_written(diabetes, tmp_path):
    model = RandomForestRegressor(n_estimators=3).fit(*diabetes)

    with pytest.raises(TrainingError, match=rf"model\.trusted: \[{TREE}\]"):
        write_model(model, tmp_path / "model.skops")

    assert list(tmp_path.iterdir()) == []


def test_unknown_types_are_refused_when_a_model_is_loaded_unless_trusted(wine, tmp_path):
    model = RandomForestClassifier(n_estimators=3).fit(*wine)
    path = tmp_path / "model.skops"
    write_model(model, path, trusted=[TREE])

    with pytest.raises(ModelFileError, match=rf"was not loaded: {TREE}\. "):
        load_model_file(path, sha256(path))

    assert (
        load_model_file(path, sha256(path), trusted=[TREE]).predict(wine[0]).tolist()
        == model.predict(wine[0]).tolist()
    )


def test_skops_refuses_a_model_with_its_own_function(diabetes, tmp_path):
    model = make_pipeline(FunctionTransformer(lambda x: x), Ridge()).fit(*diabetes)

    with pytest.raises(TrainingError, match=r"model\.format to pickle"):
        write_model(model, tmp_path / "model.skops")


class _RunsWhenLoaded:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return (Path.touch, (self.trap,))


@pytest.mark.parametrize("name", ["model.skops", "model.onnx"])
def test_a_hostile_pickle_under_another_name_is_refused_before_anything_runs(tmp_path, name):
    trap, path = tmp_path / "ran", tmp_path / name
    path.write_bytes(pickle.dumps(_RunsWhenLoaded(trap)))

    with pytest.raises(ModelFileError, match=r"it is not a skops file|cannot be read as an ONNX model"):
        load_model_file(path, sha256(path))

    assert not trap.exists()


def crafted(path, module, name, *, loader, content):
    schema = {
        "__class__": name,
        "__module__": module,
        "__loader__": loader,
        "__id__": 1,
        "protocol": 2,
        **content,
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema | {"_skops_version": "0.16.0"}))
    return path


HOSTILE = [
    ("posix", "system", "FunctionNode", {"content": {"module_path": "posix", "function": "system"}}),
    ("pathlib", "PosixPath", "ObjectNode", {"content": {"__loader__": "gone"}}),
    ("builtins", "exec", "TypeNode", {}),
    ("subprocess", "Popen", "ObjectNode", {}),
]


@pytest.mark.parametrize(("module", "name", "loader", "content"), HOSTILE)
def test_a_hostile_skops_file_is_refused(tmp_path, module, name, loader, content):
    path = crafted(tmp_path / "model.skops", module, name, loader=loader, content=content)

    with pytest.raises(ModelFileError):
        load_model_file(path, sha256(path))


def bomb(path, size):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("big.npy", "w") as member:
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return path


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_small_skops_file_that_unpacks_to_fill_the_memory_is_refused(tmp_path, is_nested):
    path = bomb(tmp_path / "model.skops", 300 * 2**20)
    if is_nested:  # as a sparse matrix is stored
        inner, content = path, path.read_bytes()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("0.npz", content)

    with pytest.raises(
        ModelFileError, match=r"bytes unpack to 31\d,\d{3},\d{3}, more than .* nothing of it was loaded"
    ):
        load_model_file(path, sha256(path))


def test_a_hostile_file_that_hides_a_call_behind_a_known_type_is_refused(diabetes, tmp_path):
    """A real model whose stored class was changed: the type is named, and nothing of it is imported."""
    path = tmp_path / "model.skops"
    write_model(Ridge().fit(*diabetes), path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["schema.json"] = files["schema.json"].replace(
        b'"sklearn.linear_model._ridge"', b'"antigravity_of_ours"'
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)

    with pytest.raises(ModelFileError, match=r"antigravity_of_ours\.Ridge"):
        load_model_file(path, sha256(path))
    assert "antigravity_of_ours" not in sys.modules


@pytest.mark.parametrize("name", ["model.skops", "model.onnx"])
def test_a_changed_file_is_refused_in_every_format(diabetes, tmp_path, name):
    path = tmp_path / name
    write_model(Ridge().fit(*diabetes), path, rows=diabetes[0])
    before = sha256(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    with pytest.raises(ModelFileError, match="was not loaded"):
        load_model_file(path, before)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 100, b"\x08\x07"])
@pytest.mark.parametrize("name", ["model.skops", "model.onnx"])
def test_a_damaged_file_says_so(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ModelFileError, match=name):
        load_model_file(tmp_path / name, sha256(tmp_path / name))


def test_an_onnx_file_of_others_is_refused(tmp_path, diabetes):
    from skl2onnx import to_onnx

    (tmp_path / "model.onnx").write_bytes(
        to_onnx(Ridge().fit(*diabetes), diabetes[0].to_numpy()[:1]).SerializeToString()
    )

    with pytest.raises(ModelFileError, match="Refinery did not write it"):
        load_model_file(tmp_path / "model.onnx", sha256(tmp_path / "model.onnx"))


def test_a_file_of_no_known_format_is_refused(tmp_path):
    (tmp_path / "model.h5").write_bytes(b"")

    with pytest.raises(
        ModelFileError, match=r"names no format of models; there are \.pkl, .*\.skops, \.onnx"
    ):
        load_model_file(tmp_path / "model.h5", sha256(tmp_path / "model.h5"))


WRITE_ALL = """
import sys
from pathlib import Path
from sklearn.datasets import load_diabetes
from sklearn.svm import SVR
from refinery.spec.artifacts import MODEL_FILES
from refinery.training.output.model_file import write_model
features, target = load_diabetes(as_frame=True, return_X_y=True)
model = SVR().fit(features, target)
for name in MODEL_FILES.values():
    write_model(model, Path(sys.argv[1]) / name, rows=features)
"""


def test_every_format_gives_the_same_bytes_in_every_process(tmp_path):
    hashes = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", WRITE_ALL, folder], cwd=ROOT, env=environment, check=True)
        hashes.append({path.name: sha256(path) for path in folder.iterdir()})

    assert len(hashes[0]) == 3
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(
    ("manifest", "file"),
    [
        ({"files": {"model.pkl": {}}}, "model.pkl"),
        ({"format": "skops", "files": {"model.skops": {}}}, "model.skops"),
        ({"format": "onnx", "files": {"model.onnx": {}, "model.pkl": {}}}, "model.onnx"),
        ({"format": None, "files": {"model.joblib": {}}}, None),
        ({"format": "skops", "files": {"model.pkl": {}}}, None),
        ({"format": "../../x", "files": {"../../x": {}}}, None),
        ({}, None),
    ],
)
def test_the_manifest_says_which_file_is_the_model(manifest, file):
    assert find_model_file(manifest) == file


def test_a_zip_that_is_no_model_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", "[]")
    (tmp_path / "model.skops").write_bytes(buffer.getvalue())

    with pytest.raises(ModelFileError, match="cannot be read as a skops file"):
        load_model_file(tmp_path / "model.skops", sha256(tmp_path / "model.skops"))
