"""``refinery demo``: the project's pipelines through Airflow, from YAML to a model that anyone can load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from types import SimpleNamespace

import psutil
import pytest

from refinery.config import load_project
from refinery.review.effects import describe_effects, render_tasks

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
# What else a pipeline may write, and where.
MODELS = {
    "safe": "model: {class: sklearn.linear_model.Ridge, format: skops}\ntarget: progression\ncard: false\n",
    "scripted": 'model: {script: old.py, args: ["{model}"]}\n',
    "function": "model: trained\n",
}
OUTPUTS = {"scripted": "{{ ds_nodash }}/model/", "function": "run={{ ts_nodash }}/"}


@pytest.fixture(scope="module")
def demo(copy_project, copy_database, refinery, tmp_path_factory):
    """A demo of the project's pipelines, of others that write other objects, of one that fails and of a broken config."""
    project = copy_project(tmp_path_factory.mktemp("demo") / "project")
    copy_database(project / ".local" / "demo")
    for name, text in {"failing": FAILING_MODEL, "old": SCRIPT, "trained": TRAIN}.items():
        (project / "include" / "models" / f"{name}.py").write_text(text)
    (project / "configs" / "failing.yml").write_text(FAILING_CONFIG)
    (project / "configs" / "broken.yml").write_text("sorce: s3://datasets/x.csv\n")
    for name, text in MODELS.items():
        output = f"output: s3://models/{name}/{OUTPUTS.get(name, '{{ ds }}/')}\n"
        source = "source: s3://datasets/diabetes_progression.parquet\n"
        (project / "configs" / f"{name}.yml").write_text(source + output + text)
    with (project / "configs" / "wine_cultivar.yml").open("a") as config:
        config.write("\non_unchanged: skip\n")
    return SimpleNamespace(project=project, ran=refinery(project, "demo", "--date", "2026-01-31"))


@pytest.mark.slow
def test_a_run_writes_what_its_plan_says(demo):
    """The demo runs at midnight, as the plan does where no schedule says otherwise; ds is the same at noon."""
    day = date(2026, 1, 31)
    loaded = load_project(demo.project / "configs", models_dir=demo.project / "include" / "models")
    told = {
        url
        for one in loaded.pipelines
        if one.dag_id != "failing"
        for url in describe_effects(one, render_tasks(one), day, day).objects
    }

    models = demo.project / ".local" / "s3" / "models"
    written = {
        f"s3://models/{path.relative_to(models).as_posix()}"
        for path in models.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(models).parts)
    }
    assert written == told, demo.ran.stdout + demo.ran.stderr


@pytest.mark.slow
def test_every_pipeline_ends_in_a_model_under_the_runs_date_or_says_that_nothing_has_changed(
    demo, refinery, score_in_a_fresh_process
):
    project, ran = demo.project, demo.ran
    assert ran.returncode == 1, "a pipeline failed"
    for name in ("petrol_consumption", "diabetes_progression", "wine_cultivar"):
        assert f"s3://models/{name}/2026-01-31/" in ran.stdout
    assert "mae 48.34" in ran.stdout
    assert "include/models/failing.py:3: build_model raised RuntimeError: no such luck\n" in ran.stdout
    assert 'configs/broken.yml:1:1: sorce: unknown key; did you mean "source"?' in ran.stdout

    s3 = project / ".local" / "s3"
    petrol = s3 / "models" / "petrol_consumption" / "2026-01-31"
    metrics = json.loads((petrol / "manifest.json").read_text())["metrics"]
    assert metrics == pytest.approx({"mae": 48.339, "mse": 3494.233, "rmse": 59.112, "r2": 0.4037}, abs=5e-4)
    dataset = s3 / "iasd-data-in-the-cloud" / "petrol_consumption.csv"
    scores = score_in_a_fresh_process(petrol / "model.pkl", dataset)
    assert scores == pytest.approx({name: metrics[name] for name in scores})

    assert not (s3 / "models" / "failing").exists()
    workspaces = project / ".local" / "demo" / "workspace"
    assert [path for path in workspaces.rglob("*") if path.is_file()] == [], (
        "the failed run's files are gone too"
    )

    described = refinery(project, "load", "s3://models/petrol_consumption/2026-01-31/")
    assert "RandomForestRegressor" in described.stdout, described.stderr
    predicted = refinery(project, "load", str(petrol), "--predict", str(dataset))
    assert predicted.stdout.splitlines()[0].endswith("Petrol_Consumption,prediction")
    assert len(predicted.stdout.splitlines()) == 49

    again = refinery(project, "demo", "wine_cultivar", "--date", "2026-02-01")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "skipped: the latest model has the same dataset, config, code" in again.stdout


def test_a_date_before_the_start_is_refused(project_copy, refinery):
    demo = refinery(project_copy, "demo", "petrol_consumption", "--date", "2019-12-31")
    assert demo.returncode == 1
    assert "2019-12-31 is before the start_date of petrol_consumption" in demo.stderr


def test_an_unknown_pipeline_is_named_with_the_nearest(project_copy, refinery):
    demo = refinery(project_copy, "demo", "petrol_consumtion")
    assert demo.returncode == 1
    assert "petrol_consumption" in demo.stderr


def test_a_pipeline_whose_model_is_not_there_is_told_before_anything_runs(project_copy, refinery):
    (project_copy / "configs" / "failing.yml").write_text(FAILING_CONFIG)
    demo = refinery(project_copy, "demo", "failing")
    assert demo.returncode == 1
    assert "configs/failing.yml:3:8: model: " in demo.stderr
    assert "Airflow" not in demo.stdout


@pytest.mark.parametrize("day", ["2026-13-01", "31.1.2026", "today"])
def test_a_date_that_is_none_is_told_with_one_that_is(project_copy, refinery, day):
    demo = refinery(project_copy, "demo", "--date", day)
    assert demo.returncode == 2
    assert f'"{day}" is not a date; write it as' in demo.stderr


ENDS = """
import ctypes

def build_model():
    ctypes.CDLL(None).exit(0)
"""
MEDDLES = """
import os, subprocess, threading, time
import pandas
from sklearn.linear_model import LogisticRegression

class Mine(LogisticRegression):
    def fit(self, X, y):
        for name in ("AIRFLOW_CONN_AWS_DEFAULT", "AWS_ENDPOINT_URL"):
            os.environ[name] = "https://s3.amazonaws.com"
        subprocess.Popen(["sleep", "654321"], close_fds=False)
        subprocess.Popen(["sleep", "654321"], start_new_session=True)
        if not os.fork():
            os.setsid()
            os.execvp("sleep", ["sleep", "654321"])
        if not os.fork():
            os.execvp("sleep", ["sleep", "654321"])
        threading.Thread(target=time.sleep, args=(600,)).start()
        pandas.read_csv = None
        return super().fit(X, y)

def build_model():
    return Mine(max_iter=50)
"""
WAITS = """
import os, pathlib, subprocess, time

def build_model():
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path(os.environ["AIRFLOW_HOME"], "waits").touch()
    time.sleep(600)
"""


def add_pipeline(project, name, module):
    (project / "include" / "models" / f"{name}.py").write_text(module)
    (project / "configs" / f"{name}.yml").write_text(FAILING_CONFIG.replace("failing", name))


@pytest.mark.slow
def test_models_that_end_the_process_or_change_it_reach_no_other(ready_project, refinery):
    """Not the upload, nor the next pipeline, goes to another S3; nothing that is left behind is waited for."""
    add_pipeline(ready_project, "ends", ENDS)
    add_pipeline(ready_project, "meddles", MEDDLES)

    demo = refinery(ready_project, "demo", "ends", "meddles", "wine_cultivar", "--date", "2026-01-31")

    assert demo.returncode == 1
    assert "ends: train_model: the whole process ended with exit code 0 in this step" in demo.stdout
    assert demo.stdout.index("ends: failed") < demo.stdout.index("wine_cultivar: success"), "told as they end"
    for name in ("meddles", "wine_cultivar"):
        assert f"s3://models/{name}/2026-01-31/" in demo.stdout
        assert (ready_project / ".local" / "s3" / "models" / name / "2026-01-31" / "manifest.json").exists()
    assert not (ready_project / ".local" / "s3" / "models" / "ends").exists()
    workspaces = ready_project / ".local" / "demo" / "workspace"
    assert [path for path in workspaces.rglob("*") if path.is_file()] == []
    left = [
        process for process in psutil.process_iter(["cmdline"]) if "654321" in (process.info["cmdline"] or ())
    ]
    assert left == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough), signal.SIGKILL]
)
def test_a_demo_keeps_others_out_and_leaves_no_process_however_it_ends(ready_project, refinery, number):
    add_pipeline(ready_project, "waits", WAITS)
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    demo = subprocess.Popen(
        [sys.executable, "-m", "refinery", "demo", "waits"],
        cwd=ready_project,
        env=environment | {"PYTHONPATH": f"{ready_project}:{ready_project / 'include'}"},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (ready_project / ".local/demo/waits").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = [psutil.Process(demo.pid), *psutil.Process(demo.pid).children(recursive=True)]
    assert "sleep" in {process.name() for process in family}

    another = refinery(ready_project, "demo", "wine_cultivar")
    assert another.stderr == "Another demo is running in this project. Wait until it ends.\n"

    demo.send_signal(number)
    demo.wait(30)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert [" ".join(process.cmdline()) for process in alive] == []


@pytest.mark.parametrize("command", [["demo"], ["up"], ["load", "s3://models/x/"]])
def test_a_file_where_the_local_folder_belongs_is_named(project_copy, refinery, command):
    (project_copy / ".local").write_text("a file")
    (project_copy / "include" / "sample_data" / "models").mkdir()
    done = refinery(project_copy, *command)
    assert done.returncode == 1
    assert "cannot be used: Not a directory. It must be a folder that you may write to." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_database_that_cannot_be_upgraded_is_named_with_its_log(project_copy, refinery):
    home = project_copy / ".local" / "demo"
    home.mkdir(parents=True)
    (home / "airflow.db").write_text("no database")
    demo = refinery(project_copy, "demo", "wine_cultivar")
    assert demo.returncode == 1
    assert f"{home}/migrate.log" in demo.stderr
    assert "Traceback" not in demo.stderr


# A script that starts another process and waits for it: both would run for ten minutes.
ENDLESS_SCRIPT = """
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
print("waiting for the child", flush=True)
child.wait()
"""
ENDLESS_CONFIG = """
source: s3://datasets/wine_cultivar.csv
model: {{script: endless.py, args: ["{pid_file}"]}}
output: s3://models/endless/{{{{ ds }}}}/
timeout: 20s
"""


@pytest.mark.slow
@pytest.mark.thorough  # tests/operators/test_scripts.py without Airflow
def test_a_script_that_takes_too_long_is_ended_with_all_that_it_has_started(
    ready_project, refinery, tmp_path
):
    pid_file = tmp_path / "pid"
    (ready_project / "include" / "models" / "endless.py").write_text(ENDLESS_SCRIPT)
    (ready_project / "configs" / "endless.yml").write_text(ENDLESS_CONFIG.format(pid_file=pid_file))

    demo = refinery(ready_project, "demo", "endless", "--date", "2026-01-31")

    assert demo.returncode == 1
    assert "imeout" in demo.stdout
    assert not psutil.pid_exists(int(pid_file.read_text()))
    assert not (ready_project / ".local" / "s3" / "models" / "endless").exists()


@pytest.mark.slow
def test_a_pipeline_that_airflow_did_not_load_is_told_with_the_reason(ready_project, refinery):
    loader = ready_project / "dags" / "load_pipelines.py"
    loader.write_text('from airflow.sdk import DAG\n\nraise RuntimeError("no such luck")\n')

    demo = refinery(ready_project, "demo", "wine_cultivar", "--date", "2026-01-31")

    assert demo.returncode == 1
    assert "wine_cultivar: Airflow did not load it.\n" in demo.stdout
    assert "RuntimeError: no such luck" in demo.stdout
