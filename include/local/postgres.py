"""A PostgreSQL server of one's own on the loopback interface: the system's programs over a data folder that goes with it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from include.errors import RefineryError
from include.local.processes import stop_processes
from include.local.servers import HOST, free_port, wait_until

USER = "airflow"
DATABASE = "airflow"
SERVICE_USER = "postgres"  # whom Debian's package makes; the server refuses to run as root
MAX_CONNECTIONS = 200

_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": str(MAX_CONNECTIONS),
    # The data goes when the server does: nothing need outlast a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class PostgresError(RefineryError):
    """PostgreSQL is not installed, or did not start."""


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
        """The database's address for SQLAlchemy, without the driver: ``//user:password@host:port/name``."""
        return f"//{USER}:{self._password}@{HOST}:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process else None

    def start(self, port: int) -> None:
        """Start the server over its data, and wait until it takes connections.

        Raises:
            PostgresError: It does not.
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
        if not wait_until(self._takes_queries, self._process):
            raise PostgresError(f"PostgreSQL did not start. Its log: {log_file.read_text()[-500:]}")

    def stop(self) -> None:
        """Stop the server at once; its data stays until the ``with`` statement ends."""
        if self._process is not None:
            process, self._process = self._process, None
            process.send_signal(signal.SIGINT)  # "fast": connections are closed, not waited for
            stop_processes([process.pid])
            process.wait()

    def _takes_queries(self) -> bool:
        """Ask the server: while it recovers its data, it opens its port and refuses whoever connects."""
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
            raise PostgresError(f"{program} ended with status {done.returncode}: {done.stderr.strip()}")


def _programs_folder() -> Path:
    """Find the folder of PostgreSQL's programs, the newest version's where there are several."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))
    if not versions:
        raise PostgresError("PostgreSQL is not installed. On Debian and Ubuntu: apt-get install postgresql")
    return versions[-1].parent


def _service_user() -> str | None:
    """Whom the server runs as, where not as this process: root hands it to the user that the package made."""
    return SERVICE_USER if os.geteuid() == 0 else None
