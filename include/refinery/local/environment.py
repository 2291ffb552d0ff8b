"""The settings of Airflow on this machine: its home in .local/, no login, no examples, no telemetry."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from refinery.errors import RefineryError
from refinery.local.quick_start import start_command
from refinery.project import python_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# The names of this machine in a browser. Airflow answers no other, since it asks for no login here.
_ONLY_HOSTS = "localhost,127.0.0.1,::1"


def airflow_environment(project: Path, *, home: Path, s3_connection: str | None = None) -> dict[str, str]:
    """Return the environment variables for Airflow's processes.

    Args:
        project: The project's root folder.
        home: Airflow's home: its database, its logs, and the runs' workspaces.
        s3_connection: The ``aws_default`` connection as JSON. Default: the one of the environment.
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
        "PYTHONPATH": python_path(project),
        "REFINERY_ONLY_HOSTS": environment.get("REFINERY_ONLY_HOSTS", _ONLY_HOSTS),
    }
    if s3_connection is not None:
        environment["AIRFLOW_CONN_AWS_DEFAULT"] = s3_connection
    return environment


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless it exists.

    Raises:
        RefineryError: It cannot be made, or nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise RefineryError(
            f"{folder} cannot be used: {error.strerror or error}. It must be a folder that you may write to."
        ) from error


def migrate_database(environment: Mapping[str, str], home: Path) -> None:
    """Create or upgrade Airflow's database, unless this version of Airflow already did.

    Raises:
        RefineryError: Airflow failed; the message names its log.
    """
    done = home / f"migrated-{version('apache-airflow')}"
    if done.exists():
        return
    log_path = home / "migrate.log"
    with log_path.open("wb") as log:
        command = start_command("airflow", "db", "migrate")
        migrated = subprocess.run(command, env=dict(environment), stdout=log, stderr=log, check=False)
    if migrated.returncode:
        raise RefineryError(
            f"Airflow's database in {home} could not be made or upgraded. See {log_path}, or delete {home} to start over."
        )
    done.touch()
