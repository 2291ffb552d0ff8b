"""Steps killed at random moments: what is on S3 then, and what is left after the next try.

Each step is a fork, so the moments fall into the step's own work.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import sys
import time

import pytest

from refinery.registry import ModelSeries, load_version
from tests.effort import effort
from tests.operators.step import start_step

STEPS = ("download_dataset", "train_model", "upload_model", "clean_up")
KILLS = effort(2, 10)
EARLIER, DAY = "2026-01-30", "2026-01-31"
PATIENCE = 120  # seconds for one step
# Another alpha in each run, so that files of two runs never pass for one model.
CONFIG = """
source: s3://iasd-data-in-the-cloud/petrol_consumption.csv
model: {{class: sklearn.linear_model.Ridge, params: {{alpha: {alpha}}}}}
output: s3://models/{series}/{{{{ ds }}}}/
require: {{mae: {{no_worse_than_latest: 50%}}}}
card: false
"""


class Worker:
    """A machine that runs steps: its home and its temporary folder are its own."""

    def __init__(self, project, home, connection):
        self.project, self.home = project, home
        folders = {"HOME": home, "TMPDIR": home / "tmp", "AIRFLOW_HOME": home / "airflow"}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        self.variables = {name: str(folder) for name, folder in folders.items()}
        self.variables |= {"AIRFLOW_CONN_AWS_DEFAULT": connection, "REFINERY_ENV": "killed"}

    def start(self, step, day):
        output = self.home / "output"
        return start_step(self.project, "killed", day, step, variables=self.variables, output=output)

    def run(self, step, day):
        """Run a step to its end, and return how many seconds it took."""
        started = time.monotonic()
        process = self.start(step, day)
        process.join(PATIENCE)
        assert process.exitcode == 0, (self.home / "output").read_text()
        return time.monotonic() - started

    def kill(self, step, day, after):
        """Kill a step after that many seconds; where it has ended by then, try again, sooner."""
        while True:
            process = self.start(step, day)
            process.join(after)
            process.kill()
            process.join()
            if process.exitcode == -signal.SIGKILL:
                sys.stdout.write(f"{step} killed after {after:.2f} s\n")
                return
            assert process.exitcode == 0
            after *= 0.8

    @property
    def left(self):
        """List what the disk holds of runs."""
        return [*(self.home / "tmp").iterdir(), *(self.home / "airflow").glob("workspace/**/*")]


class Series:
    """A pipeline's models as they lie on S3."""

    def __init__(self, s3, root):
        self.s3, self.root = s3, root
        self.of_output = ModelSeries.of_output(f"s3://models/{root}/{{{{ ds }}}}/")

    def keys(self, bucket="models"):
        return [
            item["Key"].removeprefix(f"{self.root}/")
            for item in self.s3.list_objects_v2(Bucket=bucket, Prefix=self.root).get("Contents", [])
        ]

    def read(self, key):
        return self.s3.get_object(Bucket="models", Key=f"{self.root}/{key}")["Body"].read()

    def objects(self):
        return {key: self.read(key) for key in self.keys()}

    def restore(self, objects):
        """Make the series what it was."""
        for key in self.keys():
            self.s3.delete_object(Bucket="models", Key=f"{self.root}/{key}")
        for key, content in objects.items():
            self.s3.put_object(Bucket="models", Key=f"{self.root}/{key}", Body=content)

    def assert_whole(self, folder):
        """Every file that a folder's manifest names is there, byte by byte."""
        files = json.loads(self.read(f"{folder}/manifest.json"))["files"]
        assert "model.pkl" in files
        for name, described in files.items():
            assert hashlib.sha256(self.read(f"{folder}/{name}")).hexdigest() == described["sha256"], name

    def assert_unbroken(self, earlier):
        """A manifest means a whole model, earlier models are as they were, and the latest can be loaded."""
        for key in self.keys():
            if key.endswith("/manifest.json"):
                self.assert_whole(key.rpartition("/")[0])
        assert {key: self.read(key) for key in earlier} == earlier
        load_version(self.of_output, client=self.s3)


@pytest.fixture
def series(tmp_path, s3):
    return Series(s3, tmp_path.name)


@pytest.fixture
def worker(project_copy, tmp_path, object_store, workspace, series):
    environments = project_copy / "configs" / "environments"
    environments.mkdir(exist_ok=True)
    place = f"defaults:\n  workspace: {workspace}\n" if workspace.startswith("s3://") else "{}\n"
    (environments / "killed.yml").write_text(place)
    return Worker(project_copy, tmp_path / "worker", object_store.connection)


def write_config(project, series, alpha):
    (project / "configs" / "killed.yml").write_text(CONFIG.format(series=series.root, alpha=alpha))


@pytest.mark.slow
@pytest.mark.parametrize(
    "workspace", [pytest.param("on disk", marks=pytest.mark.thorough), "on S3"], indirect=True
)
def test_steps_killed_at_any_moment_break_no_model_and_their_retries_end_right(worker, series, s3):
    """By turns it is the first run of its day, and one that replaces the day's promoted model."""
    write_config(worker.project, series, alpha=1)
    seconds = {step: worker.run(step, EARLIER) for step in STEPS}
    before = series.objects()
    earlier = {key: content for key, content in before.items() if key.startswith(EARLIER)}
    moments = random.Random(0)
    for kill in range(KILLS):
        if kill % 2 == 0:
            series.restore(before)
        write_config(worker.project, series, alpha=2.0 + kill)
        for step in STEPS:
            worker.kill(step, DAY, after=moments.uniform(0, seconds[step]))
            series.assert_unbroken(earlier)
            worker.run(step, DAY)

        series.assert_unbroken(earlier)
        latest = load_version(series.of_output, client=s3)
        assert latest.location == f"s3://models/{series.root}/{DAY}/"
        assert latest.estimator.alpha == 2.0 + kill
        assert worker.left == []
        assert series.keys("staging") == []


SEARCH = """
source: s3://iasd-data-in-the-cloud/petrol_consumption.csv
model:
  candidates:
    - class: sklearn.linear_model.Ridge
    - class: sklearn.ensemble.RandomForestRegressor
      search: {{n_estimators: 40..80, max_depth: 1..9}}
search: {{trials: 26, folds: 3}}
output: s3://models/{series}/{{{{ ds }}}}/
card: false
"""


@pytest.mark.parametrize("workspace", ["on disk", "on S3"], indirect=True)
def test_a_search_that_is_killed_continues_and_finds_the_same(worker, series, s3):
    """Each score is kept with its moment, so that one that is computed again is another line."""
    (worker.project / "configs" / "killed.yml").write_text(SEARCH.format(series=series.root))

    def kept():
        for file in (worker.home / "airflow").glob("workspace/**/checkpoint"):
            return file.read_bytes()
        keys = [key for key in series.keys("staging") if key.endswith("/checkpoint")]
        if not keys:
            return b""
        return s3.get_object(Bucket="staging", Key=f"{series.root}/{keys[0]}")["Body"].read()

    def trials_of(day):
        found = json.loads(series.read(f"{day}/manifest.json"))["search"]
        return {**found, "seconds": 0}

    for step in STEPS:
        worker.run(step, EARLIER)
    assert kept() == b""

    worker.run("download_dataset", DAY)
    process = worker.start("train_model", DAY)
    deadline = time.monotonic() + PATIENCE
    while kept().count(b"\n") < 20:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    before = kept()
    worker.run("train_model", DAY)
    after = kept()
    assert after.startswith(before)
    assert after.count(b"\n") > before.count(b"\n")
    worker.run("upload_model", DAY)
    assert trials_of(DAY) == trials_of(EARLIER)
    worker.run("clean_up", DAY)
    assert kept() == b""
    assert series.keys("staging") == []
