"""Two Celery workers that share no folder: what a team with many machines meets, and what happens when one is lost."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import signal
import time
from types import SimpleNamespace

import psutil
import pytest

from include.local.cluster import WORKERS, running_cluster
from include.local.rest_api import RestApi, RestApiError

pytestmark = pytest.mark.slow

PIPELINES = ("diabetes_progression", "petrol_consumption", "wine_cultivar")
DAY = "2026-01-31"
PATIENCE = 300  # seconds for what takes one tenth of it on a machine of its own
# Each step on the other worker than the step before: a queue of the worker's own name is its alone.
ALTERNATE = f"""
WORKERS = {{
    "download_dataset": "worker-1", "train_model": "worker-2", "upload_model": "worker-1", "clean_up": "worker-2"
}}

def task_instance_mutation_hook(task_instance):
    if task_instance.dag_id in {PIPELINES}:
        task_instance.queue = WORKERS[task_instance.task_id]
"""
# A model that tells which worker it is on, and waits there at its first try.
WAITS = """
import os, time
from pathlib import Path
from sklearn.linear_model import LinearRegression

def build_model(name):
    note = Path({folder!r}, name)
    if not note.exists():
        note.write_text(os.environ["HOME"])
        time.sleep({seconds})
    return LinearRegression()
"""
# How long a run waits in mid-training, in seconds: for a worker to be killed, or for a server to be restarted meanwhile.
WAITING = {"killed": 300, "broker": 8, "database": 8}
CONFIG = """
source: s3://iasd-data-in-the-cloud/petrol_consumption.csv
model: {{module: waits_{name}, params: {{name: {name}}}}}
output: s3://models/{name}/{{{{ ds }}}}/
retry_delay: 1s
"""
LOCAL_WORKSPACE = """
source: s3://datasets/wine_cultivar.csv
model: wine_classifier
output: s3://models/local_workspace/{{ ds }}/
workspace: /var/tmp/refinery
"""
# Airflow waits five minutes before it takes a worker for lost.
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def cluster(project, tmp_path_factory):
    """A cluster over a copy of the project, without schedules; a pipeline more for each fault, and one that is refused."""
    root = tmp_path_factory.mktemp("cluster")
    copy, notes = root / "project", root / "notes"
    notes.mkdir()
    for name in ("configs", "dags", "include", "plugins"):
        shutil.copytree(project / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PIPELINES:
        config = copy / "configs" / f"{name}.yml"
        lines = config.read_text().splitlines(keepends=True)
        config.write_text("".join(line for line in lines if not line.startswith("schedule:")))
    (copy / "airflow_local_settings.py").write_text(ALTERNATE)
    (copy / "configs" / "local_workspace.yml").write_text(LOCAL_WORKSPACE)
    for name, seconds in WAITING.items():
        (copy / "configs" / f"{name}.yml").write_text(CONFIG.format(name=name))
        waits = WAITS.format(folder=str(notes), seconds=seconds)
        (copy / "include" / "models" / f"waits_{name}.py").write_text(waits)
    with pytest.MonkeyPatch.context() as patch:
        for name, text in IMPATIENT.items():
            patch.setenv(name, text)
        with running_cluster(copy, home=copy / ".local" / "cluster") as running:
            api = RestApi(running.url)
            yield SimpleNamespace(running=running, api=api, s3=running.store.client(), notes=notes)


def start(cluster, dag_id):
    cluster.api.unpause(dag_id, timeout=PATIENCE)
    return cluster.api.trigger(dag_id, logical_date=f"{DAY}T00:00:00+00:00")


def worker_in_training(cluster, name):
    """Wait until a model has begun to train, and return the worker that it is on."""
    note = cluster.notes / name
    deadline = time.monotonic() + PATIENCE
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline, "the training has not begun"
        time.sleep(0.1)
    return next(
        worker for worker in WORKERS if note.read_text().startswith(str(cluster.running.home / worker))
    )


def workers_of(cluster, dag_id, run_id):
    """Name the worker of each step's last try, as the workers' own logs have it."""
    tries = [
        (log.stem, log.parent.name.removeprefix("task_id="), worker)
        for worker in WORKERS
        for log in logs_of(cluster, worker).glob(f"dag_id={dag_id}/run_id={run_id}/*/attempt=*.log")
    ]
    return {step: worker for _, step, worker in sorted(tries)}


def logs_of(cluster, worker):
    return cluster.running.home / worker / "airflow" / "logs"


def left_on(cluster, worker):
    """List what a worker's disk holds besides logs, Airflow's own settings and matplotlib's list of fonts."""
    folder = cluster.running.home / worker
    files = [
        path for path in folder.rglob("*") if path.is_file() and logs_of(cluster, worker) not in path.parents
    ]
    return [
        path for path in files if path.name != "airflow.cfg" and ".cache/matplotlib" not in path.as_posix()
    ]


def keys(cluster, bucket, prefix=""):
    return [
        item["Key"] for item in cluster.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    ]


def read(cluster, key):
    return cluster.s3.get_object(Bucket="models", Key=key)["Body"].read()


def assert_whole(cluster, name):
    """The prefix holds a model that loads, its manifest, and is what latest.json names."""
    manifest = json.loads(read(cluster, f"{name}/{DAY}/manifest.json"))
    assert {f"{name}/{DAY}/{file}" for file in manifest["files"]} <= set(
        keys(cluster, "models", f"{name}/{DAY}/")
    )
    assert hasattr(pickle.loads(read(cluster, f"{name}/{DAY}/model.pkl")), "predict")
    assert json.loads(read(cluster, f"{name}/latest.json"))["prefix"] == f"s3://models/{name}/{DAY}/"


def test_pipelines_run_with_each_step_on_another_worker_and_leave_nothing(cluster):
    runs = {name: start(cluster, name) for name in PIPELINES}

    for name, run_id in runs.items():
        assert cluster.api.wait(name, run_id, timeout=PATIENCE)["state"] == "success"
        assert workers_of(cluster, name, run_id) == {
            "download_dataset": "worker-1",
            "train_model": "worker-2",
            "upload_model": "worker-1",
            "clean_up": "worker-2",
        }
        assert_whole(cluster, name)
    assert keys(cluster, "staging") == []
    assert [path for worker in WORKERS for path in left_on(cluster, worker)] == []


def test_a_local_workspace_is_an_import_error_that_says_what_to_do(cluster):
    errors = cluster.api.call("GET", "importErrors")["import_errors"]

    assert [error["filename"] for error in errors] == ["report_broken_configs.py"]
    assert "configs/local_workspace.yml:5:1: workspace: is a local folder" in errors[0]["stack_trace"]
    assert "CeleryExecutor runs the steps on machines that may not share it" in errors[0]["stack_trace"]
    assert "workspace: s3://BUCKET/PREFIX/" in errors[0]["stack_trace"]


def test_a_run_whose_worker_is_killed_in_training_ends_right_on_the_other(cluster):
    run_id = start(cluster, "killed")
    lost = worker_in_training(cluster, "killed")
    worker = cluster.running.components[lost]
    family = [*psutil.Process(worker.pid).children(recursive=True), psutil.Process(worker.pid)]
    for process in family:
        os.kill(process.pid, signal.SIGKILL)
    worker.wait()

    assert cluster.api.wait("killed", run_id, timeout=PATIENCE)["state"] == "success"

    assert workers_of(cluster, "killed", run_id)["train_model"] != lost
    assert_whole(cluster, "killed")
    assert keys(cluster, "staging") == []
    cluster.running.start(lost)


@pytest.mark.parametrize("server", ["broker", "database"])
def test_a_run_during_which_a_server_restarts_ends_right(cluster, server):
    run_id = start(cluster, server)
    worker_in_training(cluster, server)
    restarted = getattr(cluster.running, server)
    restarted.stop()
    time.sleep(2)
    restarted.start(restarted.port)

    assert state_after_restarts(cluster, server, run_id) == "success"

    assert_whole(cluster, server)
    assert keys(cluster, "staging") == []


def state_after_restarts(cluster, dag_id, run_id):
    """Wait for a run's end; meanwhile start what gave up again, as systemd or Kubernetes would."""
    state = None
    deadline = time.monotonic() + PATIENCE
    while state not in ("success", "failed") and time.monotonic() < deadline:
        for name, process in list(cluster.running.components.items()):
            if process.poll() is not None:
                cluster.running.start(name)
        # The API server answers with errors as long as the database is away.
        with contextlib.suppress(OSError, RestApiError):
            state = cluster.api.call("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"]
        time.sleep(0.5)
    return state
