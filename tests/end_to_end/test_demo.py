"""``refinery demo``: the project's pipelines through Airflow, from YAML to a model that anyone can load."""

from __future__ import annotations

import json

import pytest

FAILING_MODEL = """
def build_model():
    raise RuntimeError("no such luck")
"""
FAILING_CONFIG = """
source: s3://datasets/wine_cultivar.csv
model: failing
output: s3://models/failing/{{ ds }}/
retries: 0
"""


@pytest.mark.slow
def test_every_pipeline_ends_in_a_model_under_the_runs_date(project_copy, refinery, score_in_a_fresh_process):
    (project_copy / "include" / "models" / "failing.py").write_text(FAILING_MODEL)
    (project_copy / "configs" / "failing.yml").write_text(FAILING_CONFIG)

    (project_copy / "configs" / "broken.yml").write_text("sorce: s3://datasets/x.csv\n")

    demo = refinery(project_copy, "demo", "--date", "2026-01-31")

    assert demo.returncode == 1, "a pipeline failed"
    for name in ("petrol_consumption", "diabetes_progression", "wine_cultivar"):
        assert f"s3://models/{name}/2026-01-31/" in demo.stdout
    assert "mae 48.34" in demo.stdout
    assert "RuntimeError: no such luck" in demo.stdout
    assert "failing.py" in demo.stdout
    assert 'configs/broken.yml:1:1: sorce: unknown key; did you mean "source"?' in demo.stdout

    s3 = project_copy / ".local" / "s3"
    petrol = s3 / "models" / "petrol_consumption" / "2026-01-31"
    metrics = json.loads((petrol / "manifest.json").read_text())["metrics"]
    assert metrics == pytest.approx({"mae": 48.339, "mse": 3494.233, "rmse": 59.112, "r2": 0.4037}, abs=5e-4)
    dataset = s3 / "iasd-data-in-the-cloud" / "petrol_consumption.csv"
    scores = score_in_a_fresh_process(petrol / "model.pkl", dataset)
    assert scores == pytest.approx({name: metrics[name] for name in scores})

    assert not (s3 / "models" / "failing").exists()
    workspaces = project_copy / ".local" / "demo" / "workspace"
    assert [path for path in workspaces.rglob("*") if path.is_file()] == [], (
        "the failed run's files are gone too"
    )

    described = refinery(project_copy, "load", "s3://models/petrol_consumption/2026-01-31/")
    assert "RandomForestRegressor" in described.stdout, described.stderr
    predicted = refinery(project_copy, "load", str(petrol), "--predict", str(dataset))
    assert predicted.stdout.splitlines()[0].endswith("Petrol_Consumption,prediction")
    assert len(predicted.stdout.splitlines()) == 49


def test_a_date_before_the_start_is_refused(project_copy, refinery):
    demo = refinery(project_copy, "demo", "petrol_consumption", "--date", "2019-12-31")
    assert demo.returncode == 1
    assert "2019-12-31 is before the start_date of petrol_consumption" in demo.stderr


def test_an_unknown_pipeline_is_named_with_the_nearest(project_copy, refinery):
    demo = refinery(project_copy, "demo", "petrol_consumtion")
    assert demo.returncode == 1
    assert "petrol_consumption" in demo.stderr
