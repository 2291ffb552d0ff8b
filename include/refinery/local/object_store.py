"""The embedded S3 server for local work: nanio on the loopback interface, its buckets plain folders.

The server is a child process, `python -m refinery.local.object_store`, which ends when its parent does, however the parent ends.
"""

from __future__ import annotations

import argparse
import contextlib
import filecmp
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from refinery.errors import RefineryError
from refinery.local.environment import make_folder
from refinery.local.processes import on_parent_exit
from refinery.optional import require_package
from refinery.project import LIBRARY, Project

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCESS_KEY = "refinery"
SECRET_KEY = "refinery-local"  # nosec B105 # noqa: S105 - not a secret: it opens the loopback server and nothing else
LOGS_BUCKET = "logs"  # the task logs of `refinery cluster`
OUTPUT_BUCKETS = ("models", "staging", LOGS_BUCKET)  # staging: where the steps of a run in the cluster meet

_START_TIMEOUT = 30  # seconds; half a second is usual
_STOP_TIMEOUT = 5  # seconds before it is killed
_METADATA = ".nanio-meta"


class ObjectStore:
    """An S3 server for one project, with the sample data of that project; use it in a `with` statement.

    Objects are files under `.local/s3/<bucket>/<key>` of the project and stay there. Each start copies those files of
    `include/sample_data/<bucket>/<key>` to the server that are missing there or differ.

    Attributes:
        data: The folder of the buckets.
        log: The server's log file.
        port: Its port, once started.
    """

    def __init__(self, project: Path, *, port: int | None = None) -> None:
        """Describe the server; nothing is started yet.

        Args:
            project: The project's root folder.
            port: The port on the loopback interface; default: a free one.
        """
        self.data = project / ".local" / "s3"
        self.log = project / ".local" / "logs" / "object_store.log"
        self.port = port or 0
        self._sample_data = Project.at(project).sample_data
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """The server's address for S3 clients."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise RuntimeError("The embedded S3 server is not running.")
        return self._process.pid

    @property
    def connection(self) -> str:
        """The Airflow connection to the server, as JSON for `AIRFLOW_CONN_AWS_DEFAULT`."""
        # Each text of an extra that is shorter than five letters makes Airflow log a warning in each task.
        extra = {"endpoint_url": self.endpoint_url, "region_name": REGION}
        return json.dumps({"conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY, "extra": extra})

    def client(self) -> S3Client:
        """Make a plain boto3 client for the server."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
        )

    def start(self) -> None:
        """Start the server, wait until it answers, and copy the sample data to it.

        Raises:
            RefineryError: The port is taken, the server ended or did not answer, `.local` is not a folder to write to, or nanio is
                not installed.
        """
        require_package("nanio", "local", "The embedded S3 server")
        self.port = _free_port(self.port)
        for bucket in (*OUTPUT_BUCKETS, *_subfolders(self._sample_data)):
            make_folder(self.data / bucket)
        (self.data.parent / ".gitignore").write_text("*\n")  # the project's may not name the folder
        _forget_stale_metadata(self.data)
        self._process = self._start_process()
        try:
            self._wait_until_healthy(self._process)
            self._seed()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server; objects stay on disk."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()

    def _start_process(self) -> subprocess.Popen[bytes]:
        make_folder(self.log.parent)
        others = {name: text for name, text in os.environ.items() if not name.startswith("NANIO_")}
        environment = others | {
            "NANIO_ACCESS_KEY": ACCESS_KEY,
            "NANIO_SECRET_KEY": SECRET_KEY,
            "PYTHONPATH": str(LIBRARY),
        }
        command = [
            sys.executable,
            "-m",
            "refinery.local.object_store",
            "--data-dir",
            str(self.data),
            "--port",
            str(self.port),
        ]
        with self.log.open("wb") as log:
            return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while not _answers(self.port):
            if process.poll() is not None:
                raise _not_started(
                    self.port, f"it ended with status {process.returncode}. See its log: {self.log}"
                )
            if time.monotonic() > deadline:
                raise _not_started(self.port, f"no answer in {_START_TIMEOUT} s. See its log: {self.log}")
            time.sleep(0.05)

    def _seed(self) -> None:
        """Put the sample files that are missing or differ through the server, so that they get ETags."""
        missing = [
            sample
            for bucket in _subfolders(self._sample_data)
            for sample in sorted((self._sample_data / bucket).rglob("*"))
            if sample.is_file() and not self._holds(sample)
        ]
        if not missing:
            return
        client = self.client()
        for sample in missing:
            bucket, _, key = sample.relative_to(self._sample_data).as_posix().partition("/")
            client.put_object(Bucket=bucket, Key=key, Body=sample.read_bytes())

    def _holds(self, sample: Path) -> bool:
        stored = self.data / sample.relative_to(self._sample_data)
        return stored.is_file() and filecmp.cmp(sample, stored, shallow=False)


def _free_port(port: int) -> int:
    """Return the port, or a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise _not_started(
                port, f"{error.strerror}. Stop what uses the port, or choose another."
            ) from error
        return int(probe.getsockname()[1])


def _not_started(port: int, problem: str) -> RefineryError:
    return RefineryError(f"The embedded S3 server could not be started on {HOST}:{port}: {problem}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _forget_stale_metadata(data: Path) -> None:
    """Delete what nanio recorded about files that a person replaced since; it would serve the old size and ETag."""
    for note in data.glob(f"*/{_METADATA}/**/*.json"):
        bucket = next(folder for folder in note.parents if folder.name == _METADATA).parent
        stored = bucket / note.relative_to(bucket / _METADATA).with_suffix("")
        if stored.is_file() and _is_stale(note, stored):
            note.unlink()


def _is_stale(note: Path, stored: Path) -> bool:
    with contextlib.suppress(ValueError, KeyError):
        size = json.loads(note.read_bytes())["size"]
        return bool(size != stored.stat().st_size or stored.stat().st_mtime_ns > note.stat().st_mtime_ns)
    return True


def _serve(data: Path, port: int) -> int:
    """Run nanio in this process until it is stopped or the parent ends."""
    from nanio.cli import main

    on_parent_exit(lambda: os.kill(os.getpid(), signal.SIGTERM))
    arguments = ["serve", "--data-dir", str(data), "--host", HOST, "--port", str(port), "--no-access-log"]
    return int(main(arguments))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    raise SystemExit(_serve(options.data_dir, options.port))
