"""Training as a whole: figures, files, manifest, and the same figures again in another process."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.training import ClassModel, ModuleModel, TrainingError

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


def test_a_script_of_two_paths_writes_the_model_itself(train_petrol, sample_data, tmp_path):
    result = train_petrol(
        dataset=sample_data / "datasets" / "wine_cultivar.csv", model=ModuleModel("wine_classifier")
    )

    assert result.metrics["accuracy"] > 0.95
    assert (tmp_path / "model" / "model.pkl").stat().st_size > 0


def test_the_manifest_says_what_the_model_was_made_of(train_petrol, tmp_path):
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


def test_naming_a_training_imports_nothing_heavy():
    script = (
        "import sys, include.training; print({'pandas', 'numpy', 'sklearn', 'pyarrow'} & set(sys.modules))"
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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
