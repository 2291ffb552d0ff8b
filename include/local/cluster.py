"""An Airflow cluster on one machine: Celery workers that share no folder, Redis between them, PostgreSQL as the database.

What a team runs on many machines, as far as processes can show it: each worker has a home and a temporary folder of its own.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.local.environment import airflow_environment, migrate_database
from include.local.object_store import LOGS_BUCKET, ObjectStore
from include.local.postgres import PostgresServer
from include.local.processes import ProcessRecord, stop_processes
from include.local.redis_server import RedisServer
from include.local.rest_api import RestApi
from include.local.servers import free_port
from include.local.stack import COMPONENTS, StackError, require_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

WORKERS = ("worker-1", "worker-2")
ENVIRONMENT = "cluster"  # of the configs: its workspace is on S3
SLOTS = 2  # tasks at a time on each worker
START_TIMEOUT = 300  # seconds; it takes about 20 with two cores of its own


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Attributes:
        url: The UI's address.
        home: Its folder: a folder each for the workers and for what is not a worker, and the logs of all.
        environments: The environment variables of each component and worker, by name.
        components: Their processes, by name.
        database: Airflow's database and Celery's result backend.
        broker: Where tasks wait for a worker.
        store: The S3 server.
    """

    url: str
    home: Path
    environments: Mapping[str, Mapping[str, str]]
    database: PostgresServer
    broker: RedisServer
    store: ObjectStore
    components: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a component or a worker, by its name; its log goes on where it ended."""
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C reaches only the parent, which stops the components in order.
            self.components[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *_arguments(name)],
                env=dict(self.environments[name]),
                cwd=self.environments[name][
                    "HOME"
                ],  # Python looks for modules there first: the project's are meant
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise a StackError where a component or a worker has ended."""
        for name, process in self.components.items():
            if process.poll() is not None:
                log = self.home / "logs" / f"{name}.log"
                raise StackError(f"Airflow's {name} ended with status {process.returncode}. Its log: {log}")

    def wait(self) -> None:
        """Return never; a component that ends by itself is an error.

        Raises:
            StackError: It names the component and its log.
        """
        while True:
            self.check()
            time.sleep(0.5)


@contextmanager
def running_cluster(
    project: Path, *, home: Path, port: int | None = None, workers: Sequence[str] = WORKERS
) -> Iterator[Cluster]:
    """Start a cluster with an empty database, and the embedded S3 server; stop all of it on leaving.

    Args:
        project: The project's root folder.
        home: The cluster's folder; what an earlier cluster left there is deleted.
        port: The UI's port on the loopback interface; default: a free one.
        workers: The workers' names. Each takes tasks of the queue ``default`` and of one with its own name.

    Raises:
        StackError: Another cluster runs in this home, the port is taken, or a component did not start.
        PostgresError: PostgreSQL is not installed or did not start.
        RedisError: Redis is not installed or did not start.
    """
    record = ProcessRecord(home / "processes.json")
    if record.running():
        raise StackError("A cluster is already up for this project. Stop it first: make down")
    port = port or free_port()
    require_free_port(port)
    shutil.rmtree(home, ignore_errors=True)
    (home / "logs").mkdir(parents=True)
    with ExitStack() as stack:
        database = stack.enter_context(PostgresServer())
        broker = stack.enter_context(RedisServer())
        store = stack.enter_context(ObjectStore(project))
        servers = [pid for pid in (os.getpid(), database.pid, broker.pid, store.pid) if pid]
        record.write(servers)
        url = f"http://localhost:{port}"
        shared = _shared_settings(url, database, broker)
        names = (*COMPONENTS, *workers)
        environments = {name: _environment(project, home, name, store) | shared for name in names}
        cluster = Cluster(url, home, environments, database, broker, store)
        try:
            migrate_database(environments["scheduler"], home)
            for name in names:
                cluster.start(name)
            record.write([*servers, *(process.pid for process in cluster.components.values())])
            _wait_until_healthy(cluster, workers)
            yield cluster
        finally:
            stop_processes([process.pid for process in cluster.components.values()])
            record.remove()


def _arguments(name: str) -> list[str]:
    if name in COMPONENTS:
        return COMPONENTS[name]
    queues = f"default,{name}"
    return ["celery", "worker", "--skip-serve-logs", "--celery-hostname", f"{name}@%h", "--queues", queues]


def _environment(project: Path, home: Path, name: str, store: ObjectStore) -> dict[str, str]:
    """The variables of one component: a worker's folders are its own, the others share theirs."""
    root = home / (name if name not in COMPONENTS else "control")
    folders = {"AIRFLOW_HOME": root / "airflow", "HOME": root / "home", "TMPDIR": root / "tmp"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    settings = airflow_environment(project, home=root / "airflow", s3_connection=store.connection)
    return settings | {variable: str(folder) for variable, folder in folders.items()}


def _shared_settings(url: str, database: PostgresServer, broker: RedisServer) -> dict[str, str]:
    return {
        "AIRFLOW__API__PORT": url.rpartition(":")[2],
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        "AIRFLOW__CELERY__BROKER_URL": broker.url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql:{database.url}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(SLOTS),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2:{database.url}",
        # The UI finds the tasks' logs there: no worker can be asked, since all would listen on one port of this machine.
        "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": f"s3://{LOGS_BUCKET}/",
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
        "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "aws_default",
        "REFINERY_ENV": ENVIRONMENT,
    }


def _wait_until_healthy(cluster: Cluster, workers: Sequence[str]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    api = RestApi(cluster.url)
    while not (api.healthy() and all(_is_ready(cluster, worker) for worker in workers)):
        cluster.check()
        if time.monotonic() > deadline:
            raise StackError(
                f"The cluster did not become healthy within {START_TIMEOUT} s. Its logs: {cluster.home / 'logs'}"
            )
        time.sleep(0.3)


def _is_ready(cluster: Cluster, worker: str) -> bool:
    """Tell whether a worker has said that it takes tasks."""
    return b" ready." in (cluster.home / "logs" / f"{worker}.log").read_bytes()
