"""``refinery demo``: the project's pipelines through Airflow, from YAML to a model that anyone can load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
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
    assert "include/models/failing.py:3: build_model raised RuntimeError: no such luck\n" in demo.stdout
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


@pytest.mark.slow
def test_a_run_of_unchanged_inputs_says_that_it_skipped(project_copy, refinery):
    with (project_copy / "configs" / "wine_cultivar.yml").open("a") as config:
        config.write("\non_unchanged: skip\n")

    refinery(project_copy, "demo", "wine_cultivar", "--date", "2026-01-30")
    demo = refinery(project_copy, "demo", "wine_cultivar", "--date", "2026-01-31")

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "skipped: dataset, config, code and environment" in demo.stdout


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
    assert f'"{day}" is no date; write it as 2026-01-31.' in demo.stderr


ENDS = """
import ctypes

def build_model():
    ctypes.CDLL(None).exit(0)
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
def test_a_model_that_ends_the_process_is_named_and_stops_no_other(project_copy, refinery):
    add_pipeline(project_copy, "ends", ENDS)

    demo = refinery(project_copy, "demo", "ends", "wine_cultivar", "--date", "2026-01-31")

    assert demo.returncode == 1
    assert "ends: train_model: the whole process ended with exit code 0 in this step" in demo.stdout
    assert demo.stdout.index("ends: failed") < demo.stdout.index("wine_cultivar: success"), "told as they end"
    assert "s3://models/wine_cultivar/2026-01-31/" in demo.stdout
    assert not (project_copy / ".local" / "s3" / "models" / "ends").exists()
    workspaces = project_copy / ".local" / "demo" / "workspace"
    assert [path for path in workspaces.rglob("*") if path.is_file()] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_keeps_others_out_and_leaves_no_process_however_it_ends(project_copy, refinery, number):
    add_pipeline(project_copy, "waits", WAITS)
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    demo = subprocess.Popen(
        [sys.executable, "-m", "include", "demo", "waits"],
        cwd=project_copy,
        env=environment | {"PYTHONPATH": str(project_copy)},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (project_copy / ".local/demo/waits").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = [psutil.Process(demo.pid), *psutil.Process(demo.pid).children(recursive=True)]
    assert "sleep" in {process.name() for process in family}

    another = refinery(project_copy, "demo", "wine_cultivar")
    assert another.stderr == "Another demo is running in this project. Wait until it has ended.\n"

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
def test_a_script_that_takes_too_long_is_ended_with_all_that_it_has_started(project_copy, refinery, tmp_path):
    pid_file = tmp_path / "pid"
    (project_copy / "include" / "models" / "endless.py").write_text(ENDLESS_SCRIPT)
    (project_copy / "configs" / "endless.yml").write_text(ENDLESS_CONFIG.format(pid_file=pid_file))

    demo = refinery(project_copy, "demo", "endless", "--date", "2026-01-31")

    assert demo.returncode == 1
    assert "imeout" in demo.stdout
    assert not psutil.pid_exists(int(pid_file.read_text()))
    assert not (project_copy / ".local" / "s3" / "models" / "endless").exists()


@pytest.mark.slow
def test_a_pipeline_that_airflow_did_not_load_is_told_with_the_reason(project_copy, refinery):
    loader = project_copy / "dags" / "load_pipelines.py"
    loader.write_text('from airflow.sdk import DAG\n\nraise RuntimeError("no such luck")\n')

    demo = refinery(project_copy, "demo", "wine_cultivar", "--date", "2026-01-31")

    assert demo.returncode == 1
    assert "wine_cultivar: Airflow did not load it.\n" in demo.stdout
    assert "RuntimeError: no such luck" in demo.stdout
