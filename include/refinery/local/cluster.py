"""An Airflow cluster on one machine: Celery workers that share no folder, Redis between them, PostgreSQL as the database.

This is what a team runs on many machines, as far as processes can show it: each worker has its own home and temporary folder.
"""

from __future__ import annotations

import base64
import json
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from refinery.local.environment import airflow_environment
from refinery.local.object_store import LOGS_BUCKET, ObjectStore
from refinery.local.servers import PostgresServer, RedisServer, free_port
from refinery.local.stack import COMPONENTS, Stack, claim_home, shared_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORKERS = ("worker-1", "worker-2")
ENVIRONMENT = "cluster"  # of the configs: its workspace is on S3
SLOTS = 2  # tasks at a time on each worker
START_TIMEOUT = 300  # seconds; it takes about 20 on two free cores


@dataclass(frozen=True, kw_only=True)
class Cluster(Stack):
    """A running cluster. Its home holds a folder for each worker, and one for the other components.

    Attributes:
        database: Airflow's database and Celery's result backend.
        broker: Where tasks wait for a worker.
        store: The S3 server.
    """

    database: PostgresServer
    broker: RedisServer
    store: ObjectStore

    def working_folder(self, name: str) -> Path:
        """Return the component's home: Python looks for modules there first, and those of the project are meant."""
        return Path(self.environments[name]["HOME"])


@contextmanager
def running_cluster(
    project: Path, *, home: Path, port: int | None = None, workers: Sequence[str] = WORKERS
) -> Iterator[Cluster]:
    """Start a cluster with an empty database, and the embedded S3 server; stop all of it on leaving.

    Args:
        project: The project's root folder.
        home: The cluster's folder; what an earlier cluster left there is deleted.
        port: The UI's port on the loopback interface; default: a free one.
        workers: The workers' names. Each takes tasks from the queue ``default`` and from a queue with its own name.

    Raises:
        RefineryError: Another cluster runs in this home, the port is taken, PostgreSQL or Redis is not installed, or a component
            did not start.
    """
    port = port or free_port()
    record = claim_home(home, port)
    shutil.rmtree(home, ignore_errors=True)
    logs = home / "logs"
    logs.mkdir(parents=True)
    with ExitStack() as stack:
        database = stack.enter_context(PostgresServer())
        broker = stack.enter_context(RedisServer())
        store = stack.enter_context(ObjectStore(project))
        url = f"http://localhost:{port}"
        shared = _shared_settings(url, database, broker)
        commands = {**COMPONENTS, **{worker: _worker(worker) for worker in workers}}
        cluster = Cluster(
            url,
            home,
            logs,
            commands,
            {name: _environment(project, home, name, store) | shared for name in commands},
            database=database,
            broker=broker,
            store=store,
        )
        servers = [pid for pid in (database.pid, broker.pid, store.pid) if pid]

        def is_ready() -> bool:
            """Return whether every worker has reported that it takes tasks."""
            return all(b" ready." in (logs / f"{worker}.log").read_bytes() for worker in workers)

        with cluster.keep_up(record, servers=servers, timeout=START_TIMEOUT, is_ready=is_ready):
            yield cluster


def _worker(name: str) -> tuple[str, ...]:
    queues = f"default,{name}"
    return ("celery", "worker", "--skip-serve-logs", "--celery-hostname", f"{name}@%h", "--queues", queues)


def _environment(project: Path, home: Path, name: str, store: ObjectStore) -> dict[str, str]:
    """Return the variables of one component: each worker has its own folders, the others share theirs."""
    root = home / (name if name not in COMPONENTS else "control")
    folders = {"AIRFLOW_HOME": root / "airflow", "HOME": root / "home", "TMPDIR": root / "tmp"}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    settings = airflow_environment(project, home=root / "airflow", s3_connection=store.connection)
    return settings | {variable: str(folder) for variable, folder in folders.items()}


def _shared_settings(url: str, database: PostgresServer, broker: RedisServer) -> dict[str, str]:
    return {
        **shared_secrets(),
        "AIRFLOW__API__PORT": url.rpartition(":")[2],
        "AIRFLOW__CELERY__BROKER_URL": broker.url,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql:{database.url}",
        "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps({"imports": ["refinery.celery_preload"]}),
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(SLOTS),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2:{database.url}",
        # The UI finds the task logs there: it cannot ask the workers, which would all serve them on one port of this machine.
        "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": f"s3://{LOGS_BUCKET}/",
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
        "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID": "aws_default",
        "REFINERY_ENV": ENVIRONMENT,
    }
