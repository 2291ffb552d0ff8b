"""Servers on the loopback interface for a cluster on this machine: PostgreSQL and Redis, from the programs of the system."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from refinery.errors import RefineryError
from refinery.local.processes import stop_processes

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
START_TIMEOUT = 30  # seconds; a second or two is usual
POLL_SECONDS = 0.05

USER = "airflow"
DATABASE = "airflow"
SERVICE_USER = "postgres"  # created by Debian's package; the server refuses to run as root
MAX_CONNECTIONS = 200

_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": str(MAX_CONNECTIONS),
    # The data goes when the server does, so it need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """A PostgreSQL server with one empty database; use it in a ``with`` statement.

    Attributes:
        port: Its port on the loopback interface, once started.
        folder: Where its data and its log are, once started.
    """

    def __init__(self) -> None:
        self.port = 0
        self.folder = Path()
        self._programs = _programs_folder()
        self._password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="refinery-postgres-"))
        try:
            self._make_data_folder()
            self.start(free_port())
            self._run("createdb", "--host", HOST, "--port", str(self.port), "--username", USER, DATABASE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    @property
    def url(self) -> str:
        """The address of the database for SQLAlchemy, without the driver: ``//user:password@host:port/name``."""
        return f"//{USER}:{self._password}@{HOST}:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process else None

    def start(self, port: int) -> None:
        """Start the server over its data, and wait until it takes connections.

        Raises:
            RefineryError: It does not start.
        """
        self.port = port
        settings = {**_SETTINGS, "port": str(port), "unix_socket_directories": str(self.folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log_file = self.folder / "postgres.log"
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=_service_user(),
                group=_service_user(),
            )
        if not _wait_until(self._takes_queries, self._process):
            raise RefineryError(f"PostgreSQL did not start. Its log says: {log_file.read_text()[-500:]}")

    def stop(self) -> None:
        """Stop the server immediately; its data stays until the ``with`` statement ends."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(signal.SIGINT)  # "fast": connections are closed, not waited for
            stop_processes([process.pid])
            process.wait()

    def _takes_queries(self) -> bool:
        """Ask the server: while it recovers its data, its port is open but it refuses connections."""
        program = self._programs / "pg_isready"
        asked = subprocess.run([program, "--quiet", "--host", HOST, "--port", str(self.port)], check=False)
        return asked.returncode == 0

    def _make_data_folder(self) -> None:
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if user := _service_user():
            shutil.chown(self.folder, user)
            shutil.chown(password_file, user)
        self._run(
            "initdb",
            *("--pgdata", str(self.folder / "data"), "--username", USER),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
            *("--auth=scram-sha-256", "--pwfile", str(password_file)),
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.folder,
            env={**os.environ, "PGPASSWORD": self._password},
            capture_output=True,
            text=True,
            check=False,
            user=_service_user(),
            group=_service_user(),
        )
        if done.returncode:
            raise RefineryError(f"{program} ended with status {done.returncode}: {done.stderr.strip()}")


class RedisServer:
    """A Redis server that keeps nothing on disk; use it in a ``with`` statement.

    Attributes:
        port: Its port on the loopback interface, once started.
    """

    def __init__(self) -> None:
        self.port = 0
        self._password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start(free_port())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, port: int) -> None:
        """Start the server, empty, and wait until it takes connections.

        Raises:
            RefineryError: It is not installed, or does not start.
        """
        program = shutil.which("redis-server")
        if program is None:
            raise RefineryError(
                "Redis is not installed. Install it; on Debian and Ubuntu with: apt-get install redis-server"
            )
        self.port = port
        settings = f"bind {HOST}\nport {port}\nrequirepass {self._password}\nsave ''\nappendonly no\n"
        self._process = subprocess.Popen(
            [program, "-"],  # settings by standard input: everyone can read a password in the arguments
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if stdin := self._process.stdin:
            stdin.write(settings.encode())
            stdin.close()
        if not _wait_until_open(port, self._process):
            self.stop()
            raise RefineryError(f"Redis did not start on {HOST}:{port}")

    def stop(self) -> None:
        """Stop the server; what it held is lost."""
        if self._process is not None:
            process, self._process = self._process, None
            stop_processes([process.pid])
            process.wait()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"redis://:{self._password}@{HOST}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process else None


def _programs_folder() -> Path:
    """Return the folder of PostgreSQL's programs, of the newest version if there are several."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))
    if not versions:
        raise RefineryError(
            "PostgreSQL is not installed. Install it; on Debian and Ubuntu with: apt-get install postgresql"
        )
    return versions[-1].parent


def _service_user() -> str | None:
    """Return the user to run the server as; None for the user of this process. Root uses the user that the package created."""
    return SERVICE_USER if os.geteuid() == 0 else None


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server takes connections; return False if it ended first, or took longer than START_TIMEOUT."""
    return _wait_until(lambda: _is_open(port), process)


def _wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server is ready; return False if it ended first, or took longer than START_TIMEOUT."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready():
            return True
        time.sleep(POLL_SECONDS)
    return False


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
