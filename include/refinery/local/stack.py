"""Airflow's components and the embedded S3 server on this machine: started together, stopped together.

The components are started one by one rather than by ``airflow standalone``: its log servers listen on every network interface,
and killing it leaves its children behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from refinery.errors import RefineryError
from refinery.local.environment import airflow_environment, make_folder, migrate_database
from refinery.local.object_store import ObjectStore
from refinery.local.processes import ProcessRecord, stop_processes
from refinery.local.quick_start import start_command
from refinery.local.rest_api import RestApi
from refinery.wording import command_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

COMPONENTS = {
    "api-server": ("api-server", "--host", "127.0.0.1", "--workers", "1"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
START_TIMEOUT = 120  # seconds; a cold start takes about 15


@dataclass(frozen=True)
class Stack:
    """A running Airflow, and what keeps it running.

    Attributes:
        url: The address of the UI.
        home: Its folder.
        logs: The folder of its components' logs.
        commands: What each component runs, after ``airflow``, by the component's name.
        environments: The environment variables of each component.
        components: Their processes.
    """

    url: str
    home: Path
    logs: Path
    commands: Mapping[str, Iterable[str]]
    environments: Mapping[str, Mapping[str, str]]
    components: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a component, or start it again; its log continues where it ended."""
        with (self.logs / f"{name}.log").open("ab") as log:
            # In its own session: Ctrl-C reaches only the parent, which stops the components in order.
            self.components[name] = subprocess.Popen(
                start_command("airflow", *self.commands[name]),
                env=dict(self.environments[name]),
                cwd=self.working_folder(name),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def working_folder(self, name: str) -> Path | None:  # noqa: ARG002 - a cluster's workers have their own
        """Return the folder that a component is started in; None for that of this process."""
        return None

    def check(self) -> None:
        """Raise a RefineryError if a component has ended."""
        for name, process in self.components.items():
            if process.poll() is not None:
                log = self.logs / f"{name}.log"
                raise RefineryError(
                    f"Airflow's {name} ended with status {process.returncode}. See its log: {log}"
                )

    def wait(self) -> None:
        """Never return; a component that ends by itself is an error.

        Raises:
            RefineryError: It names the component and its log.
        """
        while True:
            self.check()
            time.sleep(0.5)

    @contextmanager
    def keep_up(
        self,
        record: ProcessRecord,
        *,
        servers: Iterable[int],
        timeout: float = START_TIMEOUT,
        is_ready: Callable[[], bool] = lambda: True,
    ) -> Iterator[None]:
        """Start every component and wait until Airflow is healthy; stop them all on leaving.

        Args:
            record: Where the processes are recorded.
            servers: The processes of the servers that Airflow uses.
            timeout: The number of seconds within which it must be healthy.
            is_ready: Whether what else must be ready is.

        Raises:
            RefineryError: A component ended, or the time is over.
        """
        own = [os.getpid(), *servers]
        record.write(own)
        try:
            migrate_database(self.environments["scheduler"], self.home)
            for name in self.commands:
                self.start(name)
            record.write([*own, *self._pids()])
            self._wait_until_healthy(timeout, is_ready)
            yield
        finally:
            stop_processes(self._pids())
            record.remove()

    def _pids(self) -> list[int]:
        return [process.pid for process in self.components.values()]

    def _wait_until_healthy(self, timeout: float, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + timeout
        api = RestApi(self.url)
        while not (api.healthy() and is_ready()):
            self.check()
            if time.monotonic() > deadline:
                raise RefineryError(
                    f"Airflow did not become healthy within {timeout:.0f} s. See its logs: {self.logs}"
                )
            time.sleep(0.3)


@contextmanager
def running_stack(project: Path, *, home: Path, port: int = 8080) -> Iterator[Stack]:
    """Start Airflow and the embedded S3 server; stop all of it on leaving.

    Args:
        project: The project's root folder.
        home: Airflow's home, created if it is missing.
        port: The UI's port on the loopback interface.

    Raises:
        RefineryError: Another stack runs in this home, the port is taken, or a component did not start.
    """
    record = claim_home(home, port)
    make_folder(home)
    logs = home / "logs" / "components"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    with ObjectStore(project) as store:
        environment = airflow_environment(project, home=home, s3_connection=store.connection) | {
            **shared_secrets(),
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        }
        stack = Stack(
            f"http://localhost:{port}", home, logs, COMPONENTS, dict.fromkeys(COMPONENTS, environment)
        )
        with stack.keep_up(record, servers=[store.pid]):
            yield stack


def shared_secrets() -> dict[str, str]:
    """Return the secrets that all components must share: Airflow lets each make its own where its home has no `airflow.cfg` yet."""
    return {
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
    }


def stop_stack(home: Path) -> bool:
    """Stop the Airflow that another process started in a home.

    Returns:
        Whether there was one.
    """
    record = _record(home)
    running = record.running()
    stop_processes(running)
    record.remove()
    return bool(running)


def claim_home(home: Path, port: int) -> ProcessRecord:
    """Return the record of processes for an Airflow that is about to start.

    Raises:
        RefineryError: One is running in this home, or something listens on the port and could be mistaken for it.
    """
    record = _record(home)
    if record.running():
        raise RefineryError(f"Airflow is already up in {home}. Stop it first: {command_line('down')}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RefineryError(
                f"Port {port} is in use. Stop what listens there, or choose another: --port {port + 1}"
            ) from error
    return record


def _record(home: Path) -> ProcessRecord:
    return ProcessRecord(home / "processes.json")
