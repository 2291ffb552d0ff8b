"""A Redis server of one's own on the loopback interface, in memory alone."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from typing import Self

from include.errors import RefineryError
from include.local.processes import stop_processes
from include.local.servers import HOST, free_port, wait_until_open


class RedisError(RefineryError):
    """Redis is not installed, or did not start."""


class RedisServer:
    """A Redis server; use it in a ``with`` statement.

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
            RedisError: It is not installed, or does not.
        """
        program = shutil.which("redis-server")
        if program is None:
            raise RedisError("Redis is not installed. On Debian and Ubuntu: apt-get install redis-server")
        self.port = port
        settings = f"bind {HOST}\nport {port}\nrequirepass {self._password}\nsave ''\nappendonly no\n"
        self._process = subprocess.Popen(
            [program, "-"],  # settings by standard input: a password in the arguments is everybody's to read
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if stdin := self._process.stdin:
            stdin.write(settings.encode())
            stdin.close()
        if not wait_until_open(port, self._process):
            self.stop()
            raise RedisError(f"Redis did not start on {HOST}:{port}")

    def stop(self) -> None:
        """Stop the server; what it held is gone."""
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
