"""Training as a whole: figures, files, manifest, and the same figures again in another process."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from refinery.training import ClassModel, ModuleModel, ScriptModel, SourceOptions, TrainingError
from tests.effort import effort

ROOT = Path(__file__).parents[2]
LAB_FIGURES = {"mae": 48.339, "mse": 3494.233, "rmse": 59.112, "r2": 0.4037}

PREDICT_AGAIN = """
import json, pickle, sys
import pandas as pd
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
with open(sys.argv[1], "rb") as file:
    model = pickle.load(file)
_, held_out = train_test_split(pd.read_csv(sys.argv[2]), test_size=0.2, random_state=0)
target = held_out.pop("Petrol_Consumption")
predicted = model.predict(held_out)
squared = mean_squared_error(target, predicted)
print(json.dumps({"mae": mean_absolute_error(target, predicted), "mse": squared, "rmse": squared ** 0.5,
                  "r2": r2_score(target, predicted)}))
"""


def test_the_random_forest_on_petrol_gives_the_labs_figures(train_petrol):
    metrics = train_petrol().metrics

    assert metrics == pytest.approx(LAB_FIGURES, abs=5e-4)


def test_its_figures_are_those_of_the_labs_script_to_the_last_bit(train_petrol, petrol):
    table = pd.read_csv(petrol)
    x, x_test, y, y_test = train_test_split(
        table.iloc[:, :-1], table.iloc[:, -1], test_size=0.2, random_state=0
    )
    model = make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=200, random_state=0)).fit(x, y)
    predicted = model.predict(x_test)

    squared = mean_squared_error(y_test, predicted)
    assert train_petrol().metrics == {
        "mae": mean_absolute_error(y_test, predicted),
        "mse": squared,
        "rmse": squared**0.5,
        "r2": r2_score(y_test, predicted),
    }


def test_the_pickle_alone_predicts_the_manifests_figures_in_a_new_process(train_petrol, petrol, tmp_path):
    """A forest pickled without its scaler would score an R2 of -0.396 here."""
    manifest = train_petrol().manifest

    script = [sys.executable, "-c", PREDICT_AGAIN, tmp_path / "model" / "model.pkl", petrol]
    printed = subprocess.run(script, check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    assert json.loads(printed) == pytest.approx(manifest["metrics"])


def test_a_library_class_learns_from_parquet(train_petrol, sample_data):
    result = train_petrol(
        dataset=sample_data / "datasets" / "diabetes_progression.parquet",
        model=ClassModel("sklearn.linear_model.Ridge"),
        params={"alpha": 0.1},
    )

    assert result.manifest["data"]["target"]["name"] == "progression"
    assert result.metrics["r2"] == pytest.approx(0.332, abs=1e-3)


def test_keys_of_params_that_are_numbers_reach_the_estimator_and_the_manifest(train_table):
    rows = "x,y\n" + "".join(f"{n},{int(n % 7 > 3)}\n" for n in range(60))
    weights = {0: 1, 1: 50}
    classifier = ClassModel("sklearn.linear_model.LogisticRegression")
    result = train_table(rows, model=classifier, params={"class_weight": weights})

    assert result.model.class_weight == weights
    assert result.manifest["params"] == {"class_weight": {"__pairs__": [[0, 1], [1, 50]]}}
    assert set(result.held_out.predicted) == {1}


def test_a_script_of_two_paths_writes_the_model_itself(train_petrol, sample_data, tmp_path):
    result = train_petrol(
        dataset=sample_data / "datasets" / "wine_cultivar.csv", model=ModuleModel("wine_classifier")
    )

    assert result.metrics["accuracy"] > 0.95
    assert (tmp_path / "model" / "model.pkl").stat().st_size > 0


@pytest.mark.parametrize(
    ("model_format", "rows", "named"),
    [
        ("pickle", "1,2,3\n", set()),
        ("skops", "1,2,3\n", {"skops"}),
        ("onnx", "1,2,3\n", {"onnx", "onnxruntime", "skl2onnx"}),
        ("skops", "a,2,3\nb,2,3\n", {"skops", "skrub"}),
    ],
)
def test_the_manifest_names_the_libraries_that_the_model_needs(train_table, model_format, rows, named):
    for name in ("onnxruntime", "skl2onnx", "skops", "skrub"):
        import_module(name)  # what others have loaded does not count

    result = train_table(
        f"x,y,z\n{rows * 20}",
        model=ClassModel("sklearn.linear_model.Ridge"),
        preprocess="auto",
        model_format=model_format,
    )

    libraries = result.manifest["environment"]["libraries"]
    assert libraries.keys() == {"joblib", "numpy", "pandas", "scipy", "sklearn", *named}
    assert all(libraries[name] == version(name) for name in named)


def test_the_manifest_lists_every_input_of_the_model(train_petrol, tmp_path):
    provenance = {"config": {"sha256": "c0"}, "dataset": {"etag": "e0"}, "run": {"run_id": "manual"}}
    result = train_petrol(provenance=provenance, params={"n_estimators": 3})

    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    model = (tmp_path / "model" / "model.pkl").read_bytes()
    assert manifest == result.manifest
    assert manifest["provenance"] == provenance
    assert manifest["params"] == {"n_estimators": 3}
    assert manifest["files"] == {
        "model.pkl": {"size": len(model), "sha256": hashlib.sha256(model).hexdigest()}
    }
    assert manifest["data"]["features"][0] == {"name": "Petrol_tax", "dtype": "float64"}
    assert manifest["data"]["rows"] == 48
    assert manifest["split"] == {
        "test_size": 0.2,
        "random_state": 0,
        "stratify": False,
        "time_column": None,
        "train_rows": 38,
        "test_rows": 10,
    }
    assert manifest["environment"]["libraries"].keys() >= {"numpy", "pandas", "sklearn"}
    assert manifest["duration_seconds"] > 0
    assert manifest["usage"]["cpu_seconds"] > 0
    assert manifest["usage"]["peak_memory_bytes"] > 50 * 1024**2


def test_a_report_is_written_from_the_judged_model_and_the_manifest_lists_it(train_petrol, tmp_path):
    seen = []

    def write_card(folder, trained):
        seen.append(trained)
        assert list(trained.manifest["files"]) == ["model.pkl"]
        (folder / "card").mkdir()
        (folder / "card" / "card.html").write_text(f"r2 {trained.manifest['metrics']['r2']:.4f}")

    result = train_petrol(write_extras=write_card)

    (trained,) = seen
    assert trained.model is result.model
    assert trained.held_out is result.held_out
    assert {**trained.manifest, "files": result.manifest["files"]} == result.manifest
    assert set(result.manifest["files"]) == {"model.pkl", "card/card.html"}
    assert (tmp_path / "model" / "card" / "card.html").read_text() == "r2 0.4037"


@pytest.mark.parametrize("error", [ValueError("no figure"), MemoryError(), ModuleNotFoundError("jinja2")])
def test_a_card_that_cannot_be_drawn_fails_no_training(train_petrol, tmp_path, caplog, error):
    def write_card(folder, trained):
        (folder / "card.html").write_text("half")
        raise error

    result = train_petrol(write_extras=write_card)

    (note,) = result.manifest["notes"]
    assert (
        note == f"The card could not be drawn ({type(error).__name__}{f': {error}' if str(error) else ''})."
    )
    assert list(result.manifest["files"]) == ["model.pkl"]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["manifest.json", "model.pkl"]
    assert note in result.summary
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    "fields", [{}, {"model": ClassModel("sklearn.linear_model.SGDRegressor"), "batch_rows": 20}]
)
def test_a_dataset_that_cannot_be_summed_up_fails_no_training(train_petrol, fields, monkeypatch):
    def profile(table, target):
        raise OverflowError("too wide")

    seen = []
    monkeypatch.setattr("refinery.training.output.extras.profile_table", profile)
    result = train_petrol(write_extras=lambda folder, trained: seen.append(trained.profile), **fields)

    assert (
        "The dataset could not be summarized, so neither the card nor the manifest describes its columns (OverflowError: too wide)."
        in result.manifest["notes"]
    )
    assert seen == [None]


def test_a_step_that_is_told_to_stop_while_the_card_is_drawn_stops(train_petrol, tmp_path):
    def write_card(folder, trained):
        raise SystemExit("The step was told to stop.")

    with pytest.raises(SystemExit):
        train_petrol(write_extras=write_card)
    assert not (tmp_path / "model" / "manifest.json").exists()


@pytest.mark.parametrize("returned", ["None", "{}", "{'mae': float('nan')}"])
def test_a_train_function_without_metrics_is_kept_and_marked(train_module, returned):
    result = train_module(
        f"""
        from pathlib import Path

        def train(dataset_path, model_path):
            Path(model_path).write_bytes(b"\\x80\\x05N.")
            return {returned}
        """
    )

    assert result.manifest["metrics"] == {}
    assert result.manifest["warnings"][0].startswith("Not measured: train returned no metrics")
    assert "metrics   not measured" in result.summary


@pytest.mark.parametrize("written", ["", "{}", '{"mae": NaN}'])
def test_a_script_without_metrics_is_kept_and_marked(train_petrol, tmp_path, written):
    (tmp_path / "plain.py").write_text(
        f"""
from pathlib import Path
Path("model.bin").write_text("any format")
if {written!r}:
    Path("metrics.json").write_text({written!r})
"""
    )
    result = train_petrol(model=ScriptModel("plain.py"), models_dir=tmp_path)

    assert result.manifest["metrics"] == {}
    assert result.manifest["warnings"][0].startswith(
        "Not measured: the script left no metrics in metrics.json"
    )
    assert "metrics   not measured" in result.summary


def test_the_held_out_rows_come_with_what_was_predicted(train_petrol, sample_data):
    regression = train_petrol().held_out
    wine = train_petrol(
        dataset=sample_data / "datasets" / "wine_cultivar.csv",
        model=ClassModel("sklearn.naive_bayes.GaussianNB"),
    ).held_out

    assert (regression.task, regression.classes, regression.scores) == ("regression", None, None)
    assert len(regression.features) == len(regression.actual) == len(regression.predicted) == 10
    assert (wine.task, wine.classes, wine.scores.shape) == ("classification", [0, 1, 2], (36, 3))


def test_what_the_profile_finds_in_the_table_is_handed_to_the_report(train_table):
    reported = []
    train_table(
        "id,x,kind,y\n" + "".join(f"{i},{i % 3},{'ab'[i % 2]},{i % 2}\n" for i in range(40)),
        model=ClassModel("sklearn.dummy.DummyClassifier"),
        target="x",
        source=SourceOptions(drop=("id",)),
        write_extras=lambda folder, trained: reported.append(trained.profile),
    )

    (profile,) = reported
    assert [column.name for column in profile.columns] == ["kind", "y", "x"]
    assert (profile.rows, profile.target) == (40, "x")


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({}, 40),
        (
            {"model": ClassModel("sklearn.linear_model.SGDClassifier"), "batch_rows": 16, "features": ("y",)},
            40,
        ),
        ({"missing_target": "drop"}, 36),
    ],
)
def test_the_manifest_records_what_the_card_shows_of_the_columns(train_table, fields, rows):
    table = "id,x,kind,y\n" + "".join(
        f"{i},{'' if i % 10 == 5 and rows < 40 else i % 3},{'ab'[i % 2]},{i / 2}\n" for i in range(40)
    )
    arguments = {
        "model": ClassModel("sklearn.dummy.DummyClassifier"),
        "target": "x",
        "source": SourceOptions() if "features" in fields else SourceOptions(drop=("id",)),
        **fields,
    }
    manifest = train_table(table, write_extras=lambda folder, trained: None, **arguments).manifest

    recorded = manifest["profile"]
    assert (recorded["rows"], recorded["total_rows"], recorded["counted_rows"]) == (rows, 40, rows)
    assert recorded["columns_left_out"] == 0
    columns = {column["name"]: column for column in recorded["columns"]}
    assert columns["y"] == {
        "name": "y",
        "dtype": "float64",
        "nulls": 0,
        "minimum": 0,
        "maximum": 19.5,
        "mean": columns["y"]["mean"],
    }
    assert "id" not in columns
    if "features" not in fields:
        assert columns["kind"]["distinct"] == 2
        assert sorted(one["value"] for one in columns["kind"]["top"]) == ["a", "b"]
    assert (
        train_table(table, write_extras=lambda folder, trained: None, **arguments).manifest["profile"]
        == recorded
    )
    assert "profile" not in train_table(table, **arguments).manifest


TRAIN_AGAIN = """
import hashlib, sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from refinery.training import ClassModel, ModuleModel, TrainingSpec, train
kind, name, dataset, output = sys.argv[1:]
spec = TrainingSpec(model={"class": ClassModel, "module": ModuleModel}[kind](name), models_dir=Path(output),
                    metrics=["r2"], require={"mae": {"max": 1e99}})
train(spec, Path(dataset), Path(output) / "model", provenance={})
"""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param("class", "sklearn.ensemble.RandomForestRegressor", marks=pytest.mark.thorough),
        pytest.param("class", "sklearn.ensemble.GradientBoostingRegressor", marks=pytest.mark.thorough),
        ("class", "sklearn.ensemble.HistGradientBoostingRegressor"),
        pytest.param("class", "sklearn.neural_network.MLPRegressor", marks=pytest.mark.thorough),
        ("class", "sklearn.linear_model.SGDRegressor"),
        ("module", "mine"),
    ],
)
def test_two_fresh_processes_give_the_same_bytes(petrol, tmp_path, kind, name):
    """The module draws from numpy's global generator, as much code that exists does."""
    source = """
import numpy as np
from sklearn.ensemble import RandomForestRegressor
def fit(X, y):
    rows = np.random.choice(len(X), len(X))
    return RandomForestRegressor(n_estimators=5).fit(X.iloc[rows], y.iloc[rows])
"""
    hashes = set()
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        (folder / "mine.py").write_text(source)
        subprocess.run(
            [sys.executable, "-c", TRAIN_AGAIN, kind, name, petrol, folder],
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        manifest = json.loads((folder / "model" / "manifest.json").read_text())
        hashes.add(manifest["files"]["model.pkl"]["sha256"])

    assert len(hashes) == 1


def test_naming_a_training_imports_nothing_heavy():
    script = (
        "import sys, refinery.training; print({'pandas', 'numpy', 'sklearn', 'pyarrow'} & set(sys.modules))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout

    assert printed.strip() == "set()"


CELLS = st.one_of(
    st.integers(-3, 3).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(["", "?", "red", "1,5", "2026-01-31", "true", '"a\nb"', "1e400", "-200"]),
)
MODELS = ["sklearn.linear_model.Ridge", "sklearn.tree.DecisionTreeClassifier", "sklearn.dummy.DummyRegressor"]


@settings(
    max_examples=effort(40, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=12), model=st.sampled_from(MODELS))
def test_any_table_ends_in_a_model_or_in_an_error_of_ours(train_table, tmp_path, rows, model):
    text = "\n".join(",".join(row) for row in [["a", "b", "c"], *rows])
    try:
        result = train_table(text, model=ClassModel(model))
    except TrainingError:
        assert not (tmp_path / "model" / "manifest.json").exists()
        return
    assert all(math.isfinite(value) for value in result.metrics.values())
    assert json.loads((tmp_path / "model" / "manifest.json").read_text()) == result.manifest
