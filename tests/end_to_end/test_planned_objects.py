"""The objects that a plan foretells are those that the pipelines write, through Airflow and S3."""

from __future__ import annotations

from datetime import date

import pytest

from refinery.config import load_project
from refinery.review.effects import describe_effects, render_tasks

SCRIPT = """
import pathlib, pickle, sys
pathlib.Path(sys.argv[1]).write_bytes(pickle.dumps({"a": "model"}))
"""
TRAIN = """
def train(dataset_path, model_path):
    with open(model_path, "wb") as file:
        import pickle
        pickle.dump({"a": "model"}, file)
"""
CONFIGS = {
    "safe": "model: {class: sklearn.linear_model.Ridge, format: skops}\ntarget: progression\ncard: false\n",
    "scripted": 'model: {script: old.py, args: ["{model}"]}\n',
    "function": "model: trained\n",
}
PLANNED = (*CONFIGS, "petrol_consumption")
OUTPUTS = {"scripted": "{{ ds_nodash }}/model/", "function": "run={{ ts_nodash }}/"}


@pytest.mark.slow
def test_a_run_writes_what_its_plan_says(ready_project, refinery):
    (ready_project / "include/models/old.py").write_text(SCRIPT)
    (ready_project / "include/models/trained.py").write_text(TRAIN)
    for name, text in CONFIGS.items():
        output = f"output: s3://models/{name}/{OUTPUTS.get(name, '{{ ds }}/')}\n"
        source = "source: s3://datasets/diabetes_progression.parquet\n"
        (ready_project / f"configs/{name}.yml").write_text(source + output + text)
    pipelines = load_project(ready_project / "configs", models_dir=ready_project / "include/models").pipelines
    day = date(2026, 1, 31)
    told = {
        url
        for one in pipelines
        if one.dag_id in PLANNED
        # The demo runs at midnight, as the plan does where no schedule says otherwise; ds is the same at noon.
        for url in describe_effects(one, render_tasks(one), day, day).objects
    }

    demo = refinery(ready_project, "demo", *PLANNED, "--date", str(day))
    assert demo.returncode == 0, demo.stdout + demo.stderr

    models = ready_project / ".local/s3/models"
    written = {
        f"s3://models/{path.relative_to(models).as_posix()}"
        for path in models.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(models).parts)
    }
    assert written == told
