"""Steps on workers that share no folder, and workers that are killed: each step is a process with its own disk."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.effort import effort
from tests.operators.step import start_step

STEPS = ("download_dataset", "train_model", "upload_model", "clean_up")
DAY = "2026-01-31"
PIPELINES = effort(["wine_cultivar"], ["diabetes_progression", "petrol_consumption", "wine_cultivar"])
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
    """Starts steps, each on a separate worker with its own HOME, temporary folder and Airflow home."""

    def __init__(self, project, root, connection):
        self.project, self.root = project, root
        self.environment = {
            **os.environ,
            "AIRFLOW_CONN_AWS_DEFAULT": connection,
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "REFINERY_ENV": "cluster",
            "STARTED": str(root / "started"),
            "PYTHONPATH": f"{project}:{project / 'include'}",
        }

    def folder(self, worker):
        """Return the only folder that a worker writes to."""
        return self.root / worker

    def variables(self, worker):
        """Make a worker's folders, and return its environment."""
        home = self.folder(worker)
        own = {"HOME": home, "TMPDIR": home / "tmp", "AIRFLOW_HOME": home / "airflow"}
        for folder in own.values():
            folder.mkdir(parents=True, exist_ok=True)
        return self.environment | {name: str(path) for name, path in own.items()}

    def start(self, dag_id, step, worker):
        return start_step(
            self.project,
            dag_id,
            DAY,
            step,
            variables=self.variables(worker),
            output=self.output(worker),
        )

    def output(self, worker):
        return self.root / f"{worker}.log"

    def run(self, dag_id, step, worker=None):
        worker = worker or step
        process = self.start(dag_id, step, worker)
        process.join(120)
        assert process.exitcode == 0, self.output(worker).read_text()
        assert self.left_on(worker) == []

    def run_at_another_time(self, dag_id, steps, worker, clock, day=DAY):
        """Run steps one after the other in a new process, on a worker whose clock differs by that much, such as "-1d"."""
        script = Path(__file__).with_name("step.py")
        return subprocess.run(
            ["faketime", "-f", clock, sys.executable, script, self.project, dag_id, day, *steps],
            env=self.variables(worker),
            cwd=self.folder(worker),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

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
        "source: s3://iasd-data-in-the-cloud/petrol_consumption.csv\nmodel: slow\ncard: false\n"
        f"output: s3://models/{tmp_path.name}/{{{{ ds }}}}/\n"
    )
    (project_copy / "configs" / "plain.yml").write_text(
        "source: s3://iasd-data-in-the-cloud/petrol_consumption.csv\nmodel: {class: sklearn.linear_model.Ridge}\ncard: false\n"
        f"output: s3://models/{tmp_path.name}/{{{{ ds }}}}/\n"
    )
    return Workers(project_copy, tmp_path / "workers", object_store.connection)


@pytest.fixture
def server_without_a_clock(workers, project):
    """An S3 server that takes requests of any date; the workers' connection leads to it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    connection = json.loads(workers.environment["AIRFLOW_CONN_AWS_DEFAULT"])
    connection["extra"]["endpoint_url"] = "http://{}:{}".format(*server.get_host_and_port())
    workers.environment["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps(connection)
    client = boto3.client(
        "s3",
        endpoint_url=connection["extra"]["endpoint_url"],
        region_name=connection["extra"]["region_name"],
        aws_access_key_id=connection["login"],
        aws_secret_access_key=connection["password"],
    )
    for bucket in ("iasd-data-in-the-cloud", "models", "staging"):
        client.create_bucket(Bucket=bucket)
    dataset = project / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
    client.upload_file(str(dataset), "iasd-data-in-the-cloud", dataset.name)
    yield client
    server.stop()


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
        assert process.is_alive(), workers.output("a").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(workers.left_on("a")) >= 1
    yield process
    process.kill()
    process.join()


@pytest.mark.slow
class TestKilled:
    def test_a_step_that_is_told_to_stop_leaves_nothing_on_its_disk(self, training, workers, staged):
        training.terminate()
        training.join(60)
        assert training.exitcode not in (None, 0)
        assert workers.left_on("a") == []
        workers.run("slow", "clean_up")
        assert staged() == []

    def test_a_killed_step_is_done_by_another_worker_and_the_next_step_on_its_own_tidies_up(
        self, training, workers, staged, s3, tmp_path
    ):
        training.kill()
        training.join(60)
        workers.run("slow", "train_model", "b")
        workers.run("slow", "upload_model", "b")
        workers.run("slow", "train_model", "a")
        workers.run("slow", "clean_up", "b")
        assert staged() == []
        manifest = s3.get_object(Bucket="models", Key=f"{tmp_path.name}/2026-01-31/manifest.json")
        assert json.load(manifest["Body"])["metrics"]["r2"] > 0


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("faketime") or os.environ.get("CI")),
    reason="faketime is not installed: apt-get install faketime",
)
class TestClocks:
    def test_a_worker_whose_clock_is_a_day_behind_is_reported_and_another_does_its_step(
        self, workers, staged
    ):
        """As AWS does, the server refuses requests that were signed at another time."""
        workers.run("plain", "download_dataset")
        done = workers.run_at_another_time("plain", ["train_model"], "late", "-1d")
        assert done.returncode == 1
        assert "clock" in done.stdout
        assert "RequestTimeTooSkewed" in done.stdout
        assert workers.left_on("late") == []

        for step in ("train_model", "upload_model", "clean_up"):
            workers.run("plain", step)
        assert staged() == []

    def test_the_latest_model_is_that_of_the_newest_run_whatever_the_workers_clocks_say(
        self, workers, server_without_a_clock, tmp_path
    ):
        """A day ahead or behind turns around when their models were made."""
        for day, clock in (("2026-01-30", "+1d"), ("2026-01-31", "-1d"), ("2026-01-29", "+1d")):
            done = workers.run_at_another_time("plain", STEPS, "worker", clock, day)
            assert done.returncode == 0, done.stdout

        stored = server_without_a_clock.get_object(Bucket="models", Key=f"{tmp_path.name}/latest.json")
        latest = json.load(stored["Body"])
        assert [one["date"][:10] for one in (latest, *latest["history"])] == ["2026-01-31", "2026-01-30"]
        assert latest["promoted_at"] < latest["history"][0]["promoted_at"]
