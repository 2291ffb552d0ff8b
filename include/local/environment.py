"""The settings under which Airflow runs on one's own machine: its home in .local/, no login, no examples, no telemetry."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from include.local.errors import DatabaseError, LocalFolderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def airflow_environment(project: Path, *, home: Path, s3_connection: str | None = None) -> dict[str, str]:
    """The environment variables for Airflow's processes.

    Args:
        project: The project's root folder.
        home: Airflow's home: its database, its logs, and the runs' workspaces.
        s3_connection: The ``aws_default`` connection as JSON. Default: what the environment says.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",  # 32 idle workers, the default, take a gigabyte
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",  # an edited config shows within seconds
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), environment.get("PATH", "")]),  # noqa: PTH120
        "PYTHONPATH": str(project),
    }
    if s3_connection is not None:
        environment["AIRFLOW_CONN_AWS_DEFAULT"] = s3_connection
    return environment


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it; one that is there is fine.

    Raises:
        LocalFolderError: It cannot be made, or nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalFolderError(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK):
        raise LocalFolderError(folder, os.strerror(errno.EACCES))


def migrate_database(environment: Mapping[str, str], home: Path) -> None:
    """Create or upgrade Airflow's database, unless this version of Airflow has already done so.

    Raises:
        DatabaseError: Airflow could not; the message names its output.
    """
    done = home / f"migrated-{version('apache-airflow')}"
    if done.exists():
        return
    log_path = home / "migrate.log"
    with log_path.open("wb") as log:
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        migrated = subprocess.run(command, env=dict(environment), stdout=log, stderr=log, check=False)
    if migrated.returncode:
        raise DatabaseError(home, log_path)
    done.touch()
