"""One big model on many machines: joblib's parallel work goes to a real Dask scheduler with two worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from distributed import Client, get_task_stream

from refinery.local.processes import stop_processes
from refinery.local.servers import free_port
from refinery.training import (
    ClassModel,
    Compute,
    ModuleModel,
    TrainingSpec,
    computing_on,
    on_cores,
    train,
)
from refinery.training.errors import ComputeLostError, TrainingError

PROJECT = Path(__file__).parents[2]
FOREST = ClassModel("sklearn.ensemble.RandomForestRegressor")


# A class that pickles name by its module.
BAGGED = """
from sklearn.ensemble import BaggingRegressor
from sklearn.tree import DecisionTreeRegressor

class Stump(DecisionTreeRegressor):
    pass

def build_model():
    return BaggingRegressor(Stump(max_depth=1), n_estimators=20, random_state=0)
"""


@pytest.fixture(scope="module")
def workers_models(tmp_path_factory):
    """The models that the workers have."""
    folder = tmp_path_factory.mktemp("workers") / "include" / "models"
    folder.mkdir(parents=True)
    (folder / "bagged.py").write_text(BAGGED)
    return folder


@pytest.fixture(scope="module")
def dask(tmp_path_factory, workers_models):
    """The address of a scheduler with two workers, each a separate process."""
    folder = tmp_path_factory.mktemp("dask")
    address = f"tcp://127.0.0.1:{free_port()}"
    commands = [
        ["scheduler", "--host", address, "--no-dashboard", "--no-show"],
        *[["worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1"]] * 2,
    ]
    path = os.pathsep.join(map(str, (workers_models.parents[1], PROJECT / "include")))
    environment = os.environ | {"PYTHONPATH": path}
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "dask", *command], cwd=folder, env=environment, stdout=log, stderr=log
            )
            for command in commands
        ]
        try:
            with Client(address, timeout=60) as client:
                client.wait_for_workers(2, timeout=60)
            yield address
        finally:
            # A worker whose scheduler has ended may wait for it for ever.
            stop_processes([process.pid for process in processes], patience=5)


def spec_of(model, models_dir=PROJECT / "include" / "models", **fields):
    return TrainingSpec(model=model, models_dir=models_dir, **fields)


def test_trees_are_built_on_both_workers_and_the_forest_is_the_local_one(dask, petrol, tmp_path):
    spec = spec_of(FOREST, params={"n_estimators": 60})
    local = train(spec, petrol, tmp_path / "local", provenance={})

    with (
        Client(dask) as observer,
        get_task_stream(client=observer) as stream,
        computing_on(Compute("dask", dask)),
    ):
        remote = train(spec, petrol, tmp_path / "remote", provenance={})
        time.sleep(0.5)

    workers = {record["worker"] for record in stream.data}
    assert len(workers) == 2
    assert remote.metrics == local.metrics
    rows = local.held_out.features
    assert remote.model.predict(rows).tolist() == local.model.predict(rows).tolist()


def test_trials_of_a_search_run_on_both_workers_and_find_the_same(dask, petrol, tmp_path):
    model = {
        "candidates": [
            {"class": "sklearn.linear_model.Ridge"},
            {"class": "sklearn.ensemble.RandomForestRegressor", "search": {"max_depth": "1..9"}},
        ]
    }
    spec = TrainingSpec.from_dict(
        {"model": model, "search": {"trials": 8, "folds": 3}}, PROJECT / "include" / "models"
    )
    local = train(spec, petrol, tmp_path / "local", provenance={})
    with (
        Client(dask) as observer,
        get_task_stream(client=observer) as stream,
        computing_on(Compute("dask", dask), ["refinery.training"]),
    ):
        remote = train(spec, petrol, tmp_path / "remote", provenance={})
        time.sleep(0.5)
    assert len({record["worker"] for record in stream.data}) == 2
    found, expected = (one.manifest["search"] for one in (remote, local))
    assert found["winner"] == expected["winner"]
    # The sum of a forest's trees depends on which came first, in the last digit.
    assert found["score"] == pytest.approx(expected["score"])


def test_a_module_of_ones_own_is_found_on_the_workers(dask, workers_models, petrol, tmp_path):
    spec = spec_of(ModuleModel("bagged"), workers_models)
    local = train(spec, petrol, tmp_path / "local", provenance={})
    with computing_on(Compute("dask", dask), ["include.models.bagged"]):
        remote = train(spec, petrol, tmp_path / "remote", provenance={})
    assert remote.metrics == local.metrics


def test_a_module_that_the_workers_lack_is_reported_before_they_are_given_work(dask):
    with (
        pytest.raises(
            TrainingError, match=r"has no include.models.unknown; start Dask's workers with"
        ) as caught,
        computing_on(Compute("dask", dask), ["include.models.unknown"]),
    ):
        pass
    assert not caught.value.retryable


def test_a_scheduler_that_does_not_answer_is_worth_another_try(monkeypatch):
    monkeypatch.setattr("refinery.training.compute._CONNECT_TIMEOUT", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        pytest.raises(ComputeLostError, match=f"dask at {address}: it does not answer") as caught,
        computing_on(Compute("dask", address)),
    ):
        pass
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("tcp://127.0.0.1:port", "cannot be used: invalid literal"),
        ("tls://127.0.0.1:9", "cannot be used: TLS expects"),
        ("foo://127.0.0.1:9", "cannot be used: unknown address scheme 'foo'"),
    ],
)
def test_an_address_that_cannot_be_used_is_reported_once(address, says):
    with (
        pytest.raises(TrainingError, match=f"dask at {address}: .*{says}") as caught,
        computing_on(Compute("dask", address)),
    ):
        pass
    assert not caught.value.retryable


# Garbage is collected at the worst of moments: while the next client starts, with Dask's lock held.
COLLECTS_WHILE_A_CLIENT_STARTS = """
import gc
import distributed.utils
from refinery.training import Compute, computing_on
from refinery.training.errors import TrainingError

gc.disable()
thread = distributed.utils._CollectErrorThread
start = thread.__init__
thread.__init__ = lambda *arguments, **named: (gc.collect(), start(*arguments, **named))[1]
for _ in range(2):
    try:
        with computing_on(Compute("dask", "tls://127.0.0.1:9")):
            pass
    except TrainingError:
        print("refused")
"""


def test_an_address_that_failed_does_not_hold_up_the_next(project):
    command = [sys.executable, "-c", COLLECTS_WHILE_A_CLIENT_STARTS]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["refused", "refused"]


def test_an_engine_that_is_not_installed_is_reported_with_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(
            TrainingError, match=r"distributed is not installed; add to requirements.txt"
        ) as caught,
        computing_on(Compute("dask", "tcp://127.0.0.1:8786")),
    ):
        pass
    assert not caught.value.retryable


COUNT = "import joblib; from refinery.training import on_cores\nwith on_cores({}): print(joblib.effective_n_jobs(-1))"


@pytest.mark.parametrize(("given", "cores"), [(None, 1), (1, 1), (64, 1)])
def test_n_jobs_follows_the_cores_that_the_process_may_use(given, cores):
    first = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(given)],
        cwd=PROJECT,
        preexec_fn=lambda: os.sched_setaffinity(0, {first}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(cores)


def test_n_jobs_follows_the_cores_that_the_task_is_given():
    import joblib

    before = joblib.effective_n_jobs(-1)
    with on_cores(1):
        assert joblib.effective_n_jobs(-1) == 1
    assert joblib.effective_n_jobs(-1) == before
