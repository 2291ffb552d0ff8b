"""The whole of Airflow on one's own machine, with the embedded S3 server: started together, stopped together.

Airflow's components are started one by one rather than by ``airflow standalone``: its log servers listen on every network
interface, and killing it leaves its children behind.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import RefineryError
from include.local.environment import airflow_environment, make_folder, migrate_database
from include.local.object_store import ObjectStore
from include.local.processes import ProcessRecord, stop_processes
from include.local.rest_api import RestApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPONENTS = {
    "api-server": ["api-server", "--host", "127.0.0.1", "--workers", "1"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
START_TIMEOUT = 120  # seconds; a cold start takes about 15


class StackError(RefineryError):
    """Airflow could not be started here, or did not stay up."""


@dataclass(frozen=True)
class Stack:
    """A running Airflow.

    Attributes:
        url: The UI's address.
        components: Airflow's processes by name.
        logs: The folder of their logs.
    """

    url: str
    components: dict[str, subprocess.Popen[bytes]]
    logs: Path

    def wait(self) -> None:
        """Return never; a component that ends by itself is an error.

        Raises:
            StackError: It names the component and its log.
        """
        while True:
            self.check()
            time.sleep(0.5)

    def check(self) -> None:
        """Raise a StackError where a component has ended."""
        for name, process in self.components.items():
            if process.poll() is not None:
                raise StackError(
                    f"Airflow's {name} ended with status {process.returncode}. Its log: {self.logs / name}.log"
                )


@contextmanager
def running_stack(project: Path, *, home: Path, port: int = 8080) -> Iterator[Stack]:
    """Start Airflow and the embedded S3 server; stop all of it on leaving.

    Args:
        project: The project's root folder.
        home: Airflow's home, created where it is missing.
        port: The UI's port on the loopback interface.

    Raises:
        StackError: Another stack runs in this home, the port is taken, or a component did not start.
    """
    record = ProcessRecord(home / "processes.json")
    if record.running():
        raise StackError("Airflow is already up for this project. Stop it first: make down")
    require_free_port(port)
    make_folder(home)
    with ObjectStore(project) as store:
        environment = airflow_environment(project, home=home, s3_connection=store.connection) | {
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        }
        migrate_database(environment, home)
        stack = Stack(f"http://localhost:{port}", {}, home / "logs" / "components")
        try:
            _start_components(stack, environment)
            record.write([os.getpid(), store.pid, *(process.pid for process in stack.components.values())])
            _wait_until_healthy(stack)
            yield stack
        finally:
            stop_processes([process.pid for process in stack.components.values()])
            record.remove()


def stop_stack(home: Path) -> bool:
    """Stop the Airflow that another process started in ``home``.

    Returns:
        Whether there was one.
    """
    record = ProcessRecord(home / "processes.json")
    running = record.running()
    stop_processes(running)
    record.remove()
    return bool(running)


def _start_components(stack: Stack, environment: dict[str, str]) -> None:
    stack.logs.mkdir(parents=True, exist_ok=True)
    for name, arguments in COMPONENTS.items():
        with (stack.logs / f"{name}.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches only the parent, which stops the components in order.
            stack.components[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _wait_until_healthy(stack: Stack) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    api = RestApi(stack.url)
    while not api.healthy():
        stack.check()
        if time.monotonic() > deadline:
            raise StackError(
                f"Airflow did not become healthy within {START_TIMEOUT} s. Its logs: {stack.logs}"
            )
        time.sleep(0.3)


def require_free_port(port: int) -> None:
    """Raise a StackError where something listens on a port: it might be taken for the Airflow that is about to start."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StackError(
                f"Port {port} is in use. Stop what listens there, or take another: PORT={port + 1}"
            ) from error
