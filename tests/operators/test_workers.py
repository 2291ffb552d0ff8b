"""Steps on workers that share no folder, and workers that are killed: each step is a process with a disk of its own."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STEPS = ("download_dataset", "train_model", "upload_model", "clean_up")
PIPELINES = ("diabetes_progression", "petrol_consumption", "wine_cultivar")
# A model that tells where it is, and waits there to be killed, at its first try.
SLOW = """
import os, time
from pathlib import Path
from sklearn.linear_model import LinearRegression

def build_model():
    started = Path(os.environ["STARTED"])
    if not started.exists():
        started.touch()
        time.sleep(120)
    return LinearRegression()
"""


class Workers:
    """Starts steps, each on a worker of its own: its own HOME, temporary folder and Airflow home."""

    def __init__(self, project, root, connection):
        self.project, self.root = project, root
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW_HOME")},
            "AIRFLOW_CONN_AWS_DEFAULT": connection,
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "REFINERY_ENV": "cluster",
            "STARTED": str(root / "started"),
            "PYTHONPATH": f"{project}:{project / 'plugins'}",
        }

    def folder(self, worker):
        """Return the only folder that a worker writes to."""
        return self.root / worker

    def start(self, dag_id, step, worker=None):
        home = self.folder(worker or step)
        for name in ("tmp", "airflow"):
            (home / name).mkdir(parents=True, exist_ok=True)
        own = {"HOME": home, "TMPDIR": home / "tmp", "AIRFLOW_HOME": home / "airflow"}
        command = [sys.executable, str(Path(__file__).with_name("step.py")), str(self.project), dag_id, step]
        return subprocess.Popen(
            command,
            env=self.environment | {name: str(path) for name, path in own.items()},
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, dag_id, step, worker=None):
        process = self.start(dag_id, step, worker)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert self.left_on(worker or step) == []
        return output

    def left_on(self, worker):
        """List what a worker's disk holds of runs."""
        home = self.folder(worker)
        return [*(home / "tmp").iterdir(), *(home / "airflow").glob("workspace/**/*")]


@pytest.fixture
def workers(project_copy, tmp_path, object_store, s3):
    environments = project_copy / "configs" / "environments"
    environments.mkdir(exist_ok=True)
    (environments / "cluster.yml").write_text(f"defaults:\n  workspace: s3://staging/{tmp_path.name}/\n")
    (project_copy / "include" / "models" / "slow.py").write_text(SLOW)
    (project_copy / "configs" / "slow.yml").write_text(
        "source: s3://iasd-data-in-the-cloud/petrol_consumption.csv\nmodel: slow\n"
        f"output: s3://models/{tmp_path.name}/{{{{ ds }}}}/\n"
    )
    return Workers(project_copy, tmp_path / "workers", object_store.connection)


@pytest.fixture
def staged(s3, tmp_path):
    def keys():
        return [
            item["Key"]
            for item in s3.list_objects_v2(Bucket="staging", Prefix=tmp_path.name).get("Contents", [])
        ]

    return keys


@pytest.mark.slow
@pytest.mark.parametrize("dag_id", PIPELINES)
def test_a_demo_pipeline_runs_over_four_workers_and_leaves_nothing(dag_id, workers, staged, s3):
    for step in STEPS:
        workers.run(dag_id, step)
        assert (staged() == []) == (step == "clean_up")

    manifest = json.load(s3.get_object(Bucket="models", Key=f"{dag_id}/2026-01-31/manifest.json")["Body"])
    assert {"model.pkl", "card.html"} <= set(manifest["files"])
    model = s3.get_object(Bucket="models", Key=f"{dag_id}/2026-01-31/model.pkl")["Body"].read()
    assert hasattr(pickle.loads(model), "predict")


@pytest.fixture
def training(workers):
    """A training in the midst of its work, on the worker "a"."""
    workers.run("slow", "download_dataset")
    process = workers.start("slow", "train_model", "a")
    deadline = time.monotonic() + 60
    while not Path(workers.environment["STARTED"]).exists():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(workers.left_on("a")) >= 1
    yield process
    process.kill()
    process.communicate()


@pytest.mark.slow
class TestKilled:
    def test_a_step_that_is_told_to_stop_leaves_nothing_on_its_disk(self, training, workers, staged):
        training.send_signal(signal.SIGTERM)
        training.communicate(timeout=60)
        assert training.returncode != 0
        assert workers.left_on("a") == []
        workers.run("slow", "clean_up")
        assert staged() == []

    def test_a_killed_step_is_done_by_another_worker_and_the_next_step_on_its_own_tidies_up(
        self, training, workers, staged, s3, tmp_path
    ):
        training.kill()
        training.communicate(timeout=60)
        workers.run("slow", "train_model", "b")
        workers.run("slow", "upload_model", "b")
        workers.run("slow", "train_model", "a")
        workers.run("slow", "clean_up", "b")
        assert staged() == []
        manifest = s3.get_object(Bucket="models", Key=f"{tmp_path.name}/2026-01-31/manifest.json")
        assert json.load(manifest["Body"])["metrics"]["r2"] > 0
