"""Two Celery workers that share no folder: what a team with many machines meets, and what happens when one is lost."""

from __future__ import annotations

import contextlib
import json
import pickle
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest
import requests

from refinery.local.cluster import WORKERS, running_cluster
from refinery.local.rest_api import RestApi, RestApiError
from tests.effort import effort

pytestmark = pytest.mark.slow

PIPELINES = effort(("petrol_consumption",), ("diabetes_progression", "petrol_consumption", "wine_cultivar"))
STEPS = ("download_dataset", "train_model", "upload_model", "clean_up")
DAY, NEXT_DAY = "2026-01-31", "2026-02-01"
PATIENCE = 300  # seconds for what takes a tenth of that on a quiet machine
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
# How long a run waits in mid-training, in seconds, for what is killed or restarted meanwhile.
WAITING = {"worker": 300, "broker": 8, "database": 8, "scheduler": 8, "dag_processor": 8, "api_server": 8}
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
BACKFILLED = """
source: s3://iasd-data-in-the-cloud/petrol_consumption.csv
model: random_forest
output: s3://models/backfilled/{{ ds }}/
schedule: "@yearly"
"""
# Airflow waits five minutes before it takes a worker for lost.
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def cluster(copy_project, tmp_path_factory):
    """A cluster over a copy of the project, without schedules; a pipeline more for each fault, and one that is refused."""
    root = tmp_path_factory.mktemp("cluster")
    copy, notes = copy_project(root / "project"), root / "notes"
    notes.mkdir()
    for name in PIPELINES:
        config = copy / "configs" / f"{name}.yml"
        lines = config.read_text().splitlines(keepends=True)
        config.write_text("".join(line for line in lines if not line.startswith("schedule:")))
    (copy / "airflow_local_settings.py").write_text(ALTERNATE)
    (copy / "configs" / "local_workspace.yml").write_text(LOCAL_WORKSPACE)
    (copy / "configs" / "backfilled.yml").write_text(BACKFILLED)
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


def start(cluster, dag_id, day=DAY):
    cluster.api.unpause(dag_id, timeout=PATIENCE)
    return cluster.api.trigger(dag_id, logical_date=f"{day}T00:00:00+00:00")


def kill(process):
    """Kill a process with all its descendants, as a machine that is lost does."""
    for member in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGKILL)
    process.wait()


def wait_for_training(cluster, name):
    """Wait until a model has begun to train."""
    note = cluster.notes / name
    deadline = time.monotonic() + PATIENCE
    while not note.exists():
        assert time.monotonic() < deadline, "the training has not begun"
        time.sleep(0.1)


def wait_for_worker(cluster, dag_id, run_id, step):
    """Wait until Airflow knows that a step has begun, and return the worker that it is on."""
    deadline = time.monotonic() + PATIENCE
    path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{step}"
    while cluster.api.call("GET", path)["state"] != "running":
        assert time.monotonic() < deadline, f"{step} has not begun"
        time.sleep(0.05)
    return tries_of(cluster, dag_id, run_id)[step][-1]


def tries_of(cluster, dag_id, run_id):
    """Name the workers of each step's tries, in their order, as the workers' own logs have them."""
    logs = sorted(
        (log.stem, log.parent.name.removeprefix("task_id="), worker)
        for worker in WORKERS
        for log in logs_of(cluster, worker).glob(f"dag_id={dag_id}/run_id={run_id}/*/attempt=*.log")
    )
    return {step: [worker for _, of, worker in logs if of == step] for _, step, _ in logs}


def logs_of(cluster, worker):
    return cluster.running.home / worker / "airflow" / "logs"


def left_on(cluster, worker):
    """List what a worker's disk holds besides logs, Airflow's settings, rendered configs and matplotlib's list of fonts."""
    folder = cluster.running.home / worker
    files = [
        path for path in folder.rglob("*") if path.is_file() and logs_of(cluster, worker) not in path.parents
    ]
    kept = ("/airflow.cfg", "/refinery-cache/", "/.cache/matplotlib/")
    return [path for path in files if not any(part in path.as_posix() for part in kept)]


def keys(cluster, bucket, prefix=""):
    return [
        item["Key"] for item in cluster.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    ]


def read(cluster, key):
    return cluster.s3.get_object(Bucket="models", Key=key)["Body"].read()


def assert_whole(cluster, name, day=DAY):
    """The prefix holds a model that loads, its manifest, and is what latest.json names; nothing is left in staging."""
    manifest = json.loads(read(cluster, f"{name}/{day}/manifest.json"))
    assert {f"{name}/{day}/{file}" for file in manifest["files"]} <= set(
        keys(cluster, "models", f"{name}/{day}/")
    )
    assert hasattr(pickle.loads(read(cluster, f"{name}/{day}/model.pkl")), "predict")
    assert json.loads(read(cluster, f"{name}/latest.json"))["prefix"] == f"s3://models/{name}/{day}/"
    assert keys(cluster, "staging", f"{name}/") == []


def assert_alternating_runs(cluster, runs, day=DAY):
    """Each run ends right, each step at its first try and on another worker than the step before."""
    for name, run_id in runs.items():
        assert cluster.api.wait(name, run_id, timeout=PATIENCE)["state"] == "success"
        assert tries_of(cluster, name, run_id) == {
            "download_dataset": ["worker-1"],
            "train_model": ["worker-2"],
            "upload_model": ["worker-1"],
            "clean_up": ["worker-2"],
        }
        assert_whole(cluster, name, day)


def assert_on_pages(cluster, name, run_id, day=DAY):
    """The pages inside Airflow, whose database is PostgreSQL here, show a run and its model."""
    site = f"{cluster.running.url}/refinery"
    assert name in requests.get(f"{site}/models", timeout=30).text
    assert f"s3://models/{name}/{day}/" in requests.get(f"{site}/dags/{name}", timeout=30).text
    run = requests.get(f"{site}/dags/{name}/runs/{run_id}", timeout=30)
    assert "Model uploaded" in run.text


def test_pipelines_run_with_each_step_on_another_worker_and_leave_nothing(cluster):
    runs = {name: start(cluster, name) for name in PIPELINES}

    assert_alternating_runs(cluster, runs)

    for name, run_id in runs.items():
        assert_on_pages(cluster, name, run_id)
    assert keys(cluster, "staging") == []
    assert [path for worker in WORKERS for path in left_on(cluster, worker)] == []


def test_a_backfill_leaves_a_model_for_each_date(cluster):
    """Here, because Airflow refuses backfills on SQLite while its scheduler writes, and then loses the scheduler."""
    cluster.api.unpause("backfilled", timeout=PATIENCE)
    body = {
        "dag_id": "backfilled",
        "from_date": "2024-01-01T00:00:00+00:00",
        "to_date": "2025-06-30T00:00:00+00:00",
    }
    cluster.api.call("POST", "backfills", body | {"run_on_latest_version": True})
    deadline = time.monotonic() + PATIENCE
    missing = {"2024-01-01", "2025-01-01"}
    while missing and time.monotonic() < deadline:
        missing -= {key.split("/")[1] for key in keys(cluster, "models", "backfilled/") if "manifest" in key}
        time.sleep(0.5)
    assert not missing


def test_a_local_workspace_is_an_import_error_that_says_what_to_do(cluster):
    errors = cluster.api.call("GET", "importErrors")["import_errors"]

    assert [error["filename"] for error in errors] == ["report_broken_configs.py"]
    assert "configs/local_workspace.yml:5:1: workspace: is a local folder" in errors[0]["stack_trace"]
    assert "CeleryExecutor runs the steps on machines that may not share it" in errors[0]["stack_trace"]
    assert "workspace: s3://BUCKET/PREFIX/" in errors[0]["stack_trace"]


@pytest.mark.thorough  # tests/operators/test_workers.py and test_killed_steps.py without Airflow
def test_a_run_whose_worker_is_killed_in_each_step_ends_right(cluster):
    """A machine that is lost comes back empty-handed; the steps after it tidy up what it left on the disk."""
    run_id = start(cluster, "worker")
    killed = {}
    for step in STEPS:
        killed[step] = wait_for_worker(cluster, "worker", run_id, step)
        if step == "train_model":
            wait_for_training(cluster, "worker")
        kill(cluster.running.components[killed[step]])
        cluster.running.start(killed[step])

    assert cluster.api.wait("worker", run_id, timeout=PATIENCE)["state"] == "success"

    tries = tries_of(cluster, "worker", run_id)
    assert {step: (len(workers), workers[0]) for step, workers in tries.items()} == {
        step: (2, worker) for step, worker in killed.items()
    }
    assert_whole(cluster, "worker")
    assert_alternating_runs(cluster, {name: start(cluster, name, NEXT_DAY) for name in PIPELINES}, NEXT_DAY)
    assert [path for worker in WORKERS for path in left_on(cluster, worker)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("server", ["broker", "database"])
def test_a_run_during_which_a_server_restarts_ends_right(cluster, server):
    run_id = start(cluster, server)
    wait_for_training(cluster, server)
    restarted = getattr(cluster.running, server)
    restarted.stop()
    time.sleep(2)
    restarted.start(restarted.port)

    assert state_after_restarts(cluster, server, run_id) == "success"

    assert_whole(cluster, server)


@pytest.mark.thorough
@pytest.mark.parametrize("component", ["scheduler", "dag-processor", "api-server"])
def test_a_run_during_which_a_part_of_airflow_is_killed_ends_right(cluster, component):
    name = component.replace("-", "_")
    run_id = start(cluster, name)
    wait_for_training(cluster, name)
    kill(cluster.running.components[component])
    time.sleep(2)

    assert state_after_restarts(cluster, name, run_id) == "success"

    assert_whole(cluster, name)


@pytest.mark.thorough
def test_two_schedulers_share_the_work_and_either_may_be_killed(cluster):
    """No step is done twice, and what one scheduler has begun the other ends."""
    day = "2026-02-02"
    cluster.running.components["scheduler-2"] = subprocess.Popen(
        [sys.executable, "-m", "airflow", "scheduler", "--skip-serve-logs"],
        env=dict(cluster.running.environments["scheduler"]),
        start_new_session=True,
    )
    runs = {name: start(cluster, name, day) for name in PIPELINES}
    wait_for_worker(cluster, PIPELINES[0], runs[PIPELINES[0]], "download_dataset")
    kill(cluster.running.components["scheduler"])

    assert_alternating_runs(cluster, runs, day)

    cluster.running.start("scheduler")


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
