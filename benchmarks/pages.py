"""What the Models page costs with many pipelines: the first view of a new API server, until all models are there, and later views.

    .venv/bin/python -m benchmarks.pages [--pipelines 10 500 2000]

About six minutes. Each project has 200 runs of every pipeline in Airflow's database, and 20 promoted models in every latest.json.
The API server is started anew, with the embedded S3 server beside it. The seconds are those of a client that asks every half second.
Memory is the growth of the server's resident set. Its first answers from its own UI and API make it grow, which every server in use has
behind it: they are measured by themselves, before the first view of the pages.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import subprocess
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psutil
import requests

from benchmarks import PROJECT
from benchmarks.measure import arguments, print_machine, print_table, python, scratch_folder
from benchmarks.project import copy_project
from refinery.local.environment import airflow_environment, migrate_database
from refinery.local.object_store import ObjectStore
from refinery.local.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

_RUNS = 200
_PROMOTED = 20
_TEAMS = 20
_LATER_VIEWS = 10
# What Airflow's UI asks for on its pages of DAGs and runs, and the same from the public API.
_OWN_VIEWS = (
    "/",
    "/ui/config",
    "/ui/dags?limit=50",
    "/api/v2/dags?limit=100",
    "/api/v2/dags/~/dagRuns?limit=50",
)
_NOW = datetime.now(UTC)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--pipelines", type=int, nargs="+", default=[10, 500, 2000])
    sizes = parser.parse_args().pipelines
    print_machine()
    headers = (
        "pipelines",
        "first view, s",
        "all models there, s",
        "later views, s",
        "a view, kB",
        "Airflow's own views, MB",
        "the pages, MB",
    )
    print_table(headers, [_measure(size) for size in sizes])


def _measure(size: int) -> list[str]:
    with scratch_folder() as folder:
        project = _make_project(folder, size)
        with ObjectStore(project) as store:
            _put_models(store.data, size)
            home = project / "home"
            environment = airflow_environment(project, home=home, s3_connection=store.connection)
            environment["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = (
                "600"  # 30 seconds, the default, are few for 2,000
            )
            home.mkdir()
            migrate_database(environment, home)
            subprocess.run(
                python("-m", "airflow", "dags", "reserialize"),
                env=environment,
                check=True,
                capture_output=True,
            )
            _add_runs(home / "airflow.db")
            return [f"{size:,}", *_views(environment, home)]


def _make_project(folder: str, size: int) -> Path:
    from pathlib import Path

    config = "source: s3://datasets/x.csv\nmodel: random_forest\nschedule: '@daily'\noutput: s3://models/{name}/{{{{ ds }}}}/\n"
    configs = {f"{name}.yml": config.format(name=name) for name in map(_name, range(size))}
    defaults = (PROJECT / "configs" / "defaults.yml").read_text()
    return copy_project(Path(folder) / "project", configs | {"defaults.yml": defaults})


def _name(number: int) -> str:
    return f"team_{number % _TEAMS:02}/model_{number:05}"


def _put_models(data: Path, size: int) -> None:
    for number in range(size):
        folder = data / "models" / _name(number)
        past = [_promotion(_name(number), days) for days in range(_PROMOTED)]
        newest = folder / past[0]["date"][:10]
        newest.mkdir(parents=True)
        (newest / "manifest.json").write_bytes(_manifest(0))
        latest = {**past[0], "newest_date": past[0]["date"], "history": past[1:]}
        (folder / "latest.json").write_text(json.dumps(latest))


def _manifest(days: int) -> bytes:
    run = {
        "run_id": f"scheduled__{days}",
        "logical_date": f"{_NOW - timedelta(days=days):%Y-%m-%d}T00:00:00Z",
    }
    described = {"metrics": {"mae": 5 + days / 10}, "provenance": {"run": run}, "profile": ["x" * 50] * 300}
    return json.dumps(described).encode()


def _promotion(name: str, days: int) -> dict[str, Any]:
    date = f"{_NOW - timedelta(days=days):%Y-%m-%d}"
    return {
        "prefix": f"s3://models/{name}/{date}/",
        "date": f"{date}T00:00:00Z",
        "run_id": f"scheduled__{days}",
        "metrics": {"mae": 5 + days / 10},
        "manifest_sha256": hashlib.sha256(_manifest(days)).hexdigest(),
        "promoted_at": f"{date}T00:01:00Z",
        "promoted_by": "a run",
        "action": "upload",
    }


def _add_runs(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        dags = [row[0] for row in connection.execute("SELECT dag_id FROM dag")]
        moments = [str((_NOW - timedelta(days=days)).replace(tzinfo=None)) for days in range(_RUNS, 0, -1)]
        connection.executemany(
            "INSERT INTO dag_run (dag_id, run_id, logical_date, run_after, created_at, state, run_type, clear_number, span_status)"
            " VALUES (?, ?, ?, ?, ?, 'success', 'scheduled', 0, 'ended')",
            [(dag, f"scheduled__{moment}", moment, moment, moment) for dag in dags for moment in moments],
        )


def _views(environment: dict[str, str], home: Path) -> list[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = python(
        "-m", "airflow", "api-server", "--host", "127.0.0.1", "--workers", "1", "--port", str(port)
    )
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment | {"AIRFLOW__API__PORT": str(port)}, stdout=log, stderr=log
        )
    try:
        _wait_for(f"{url}/api/v2/monitor/health")
        memory = [_resident(server.pid)]
        for path in _OWN_VIEWS * 2:
            requests.get(f"{url}{path}", timeout=120).raise_for_status()
        memory.append(_resident(server.pid))
        started = time.perf_counter()
        page, first = _view(url)
        while "data-pending" in page:
            time.sleep(0.5)
            page, _ = _view(url)
        complete = time.perf_counter() - started
        later = [_view(url)[1] for _ in range(_LATER_VIEWS)]
        memory.append(_resident(server.pid))
    finally:
        server.terminate()
        server.wait()
    median = sorted(later)[len(later) // 2]
    return [
        f"{first:.2f}",
        f"{complete:.1f}",
        f"{median:.2f}",
        f"{len(page) / 1000:.0f}",
        *(f"{after - before:.0f}" for before, after in pairwise(memory)),
    ]


def _resident(pid: int) -> float:
    """Return the memory of a process, in megabytes."""
    return psutil.Process(pid).memory_info().rss / 1e6


def _view(url: str) -> tuple[str, float]:
    started = time.perf_counter()
    answer = requests.get(f"{url}/refinery/models", timeout=120)
    answer.raise_for_status()
    return answer.text, time.perf_counter() - started


def _wait_for(url: str) -> None:
    while True:
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main()
