"""Real S3 servers, and a proxy that does to their answers what networks and busy servers do."""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from requests.structures import CaseInsensitiveDict

from refinery.local.object_store import ACCESS_KEY, REGION, SECRET_KEY, ObjectStore
from refinery.storage import RetryPolicy, client_config, download_dataset
from tests.moto_server import running_moto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url
    from refinery.storage import DatasetIdentity

    Fault = Callable[["Answer"], None]


@dataclass(frozen=True)
class CutRequest:
    """A fault before there is an answer: the connection is reset after that many bytes of the request's body."""

    after: int


@dataclass(frozen=True)
class SlowRequest:
    """A fault before there is an answer: the request's body is read in ten pieces, with so long a pause before each."""

    pause: float


@dataclass
class Answer:
    """What the server answered, for a fault to spoil before it is sent on."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes
    sent: int | None = None  # bytes of the body until the connection is cut; None: all, and it is kept
    silent: bool = False  # whether the connection stays open after these bytes, and says no more
    drip: float = 0  # seconds between a tenth of the body and the next

    def replace(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.status, self.body = status, body
        self.headers = CaseInsensitiveDict({"Content-Length": str(len(body)), **(headers or {})})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]

    @property
    def name(self) -> str:
        return urlsplit(self.path).path.rpartition("/")[2]


@dataclass
class FaultProxy:
    """An HTTP proxy before one server; each planned fault spoils one answer, in order, and later ones pass."""

    upstream: str
    requests: list[Request] = field(default_factory=list)
    _faults: list[Fault | CutRequest | SlowRequest | None] = field(default_factory=list)
    url: str = ""

    def plan(self, *faults: Fault | CutRequest | SlowRequest | None) -> None:
        """Spoil the next answers; None lets one pass."""
        self.requests.clear()
        self._faults[:] = faults

    @property
    def ranges(self) -> list[str | None]:
        return [request.headers.get("Range") for request in self.requests]

    def take_fault(self) -> Fault | CutRequest | SlowRequest | None:
        return self._faults.pop(0) if self._faults else None

    @staticmethod
    def refuse(status: int, code: str = "") -> Fault:
        """Answer with an error of S3's."""
        body = (
            f"<Error><Code>{code}</Code><Message>said by the proxy</Message></Error>".encode()
            if code
            else b""
        )
        return lambda answer: answer.replace(status, body, {"Content-Type": "application/xml"})

    @staticmethod
    def drop(after: int) -> Fault:
        """Cut the connection after that many bytes of the body."""

        def cut(answer: Answer) -> None:
            answer.sent = after

        return cut

    @staticmethod
    def reset(after: int) -> CutRequest:
        """Reset the connection after that many bytes of the request's own body."""
        return CutRequest(after)

    @staticmethod
    def sip(seconds: float) -> SlowRequest:
        """Read the request's own body slowly."""
        return SlowRequest(seconds)

    @staticmethod
    def fall_silent(after: int) -> Fault:
        """Send no more after that many bytes of the body, and keep the connection."""

        def stall(answer: Answer) -> None:
            answer.sent, answer.silent = after, True

        return stall

    @staticmethod
    def drip(seconds: float) -> Fault:
        """Send the body in ten pieces, with so long a pause before each."""

        def slow_down(answer: Answer) -> None:
            answer.drip = seconds

        return slow_down

    @staticmethod
    def shorten(to: int) -> Fault:
        """Send the first bytes as if they were all."""

        def shorten(answer: Answer) -> None:
            answer.body = answer.body[:to]
            answer.headers["Content-Length"] = str(len(answer.body))

        return shorten

    @staticmethod
    def flip(position: int) -> Fault:
        """Send one byte wrong."""

        def flip(answer: Answer) -> None:
            spoilt = bytearray(answer.body)
            spoilt[position] ^= 1
            answer.body = bytes(spoilt)

        return flip

    @staticmethod
    def with_headers(**headers: str) -> Fault:
        """Add headers, or change them."""
        return lambda answer: answer.headers.update(
            {name.replace("_", "-"): text for name, text in headers.items()}
        )

    @staticmethod
    def both(first: Fault, second: Fault) -> Fault:
        """Spoil an answer in two ways, one after the other."""

        def spoil(answer: Answer) -> None:
            first(answer)
            second(answer)

        return spoil


@pytest.fixture(scope="session")
def nanio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path_factory.mktemp("project")) as store:
        yield store


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    with running_moto() as url:
        yield url


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> str:
    """The address of a real server: moto, which checks as AWS does, unless a test asks for nanio."""
    if getattr(request, "param", "moto") == "nanio":
        return request.getfixturevalue("nanio").endpoint_url
    return request.getfixturevalue("moto_url")


@pytest.fixture(scope="session")
def make_client() -> Callable[..., S3Client]:
    """Make a client as Refinery's own, but without botocore's retries, so that a planned fault is seen at once."""

    @functools.cache
    def make(
        endpoint: str,
        *,
        key: str | None = ACCESS_KEY,
        secret: str | None = SECRET_KEY,
        attempts: int = 1,
        read_timeout: float = 60,
    ) -> S3Client:
        session = boto3.session.Session(key, secret, region_name="us-east-1")
        own = Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": attempts, "mode": "standard"},
            read_timeout=read_timeout,
        )
        return session.client("s3", endpoint_url=endpoint, config=client_config(session, own))

    return make


@pytest.fixture
def client(endpoint: str, make_client: Callable[..., S3Client]) -> S3Client:
    """A client straight to the server, where an empty bucket called "data" exists."""
    client = make_client(endpoint)
    if "data" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket="data")
    if stored := client.list_objects_v2(Bucket="data").get("Contents"):
        client.delete_objects(Bucket="data", Delete={"Objects": [{"Key": item["Key"]} for item in stored]})
    return client


@pytest.fixture(scope="session")
def start_proxy() -> Iterator[Callable[[str], FaultProxy]]:
    """Start a proxy before a server, once for each server."""
    with contextlib.ExitStack() as running:
        yield functools.cache(lambda upstream: running.enter_context(running_proxy(upstream)))


@pytest.fixture
def proxy(endpoint: str, start_proxy: Callable[[str], FaultProxy]) -> FaultProxy:
    """A proxy before the server, with no faults planned."""
    proxy = start_proxy(endpoint)
    proxy.plan()
    return proxy


@pytest.fixture
def web_proxy(moto_url: str, start_proxy: Callable[[str], FaultProxy]) -> FaultProxy:
    """A proxy before moto, which serves public objects to anyone as a plain web server does."""
    proxy = start_proxy(moto_url)
    proxy.plan()
    return proxy


@pytest.fixture
def proxied(proxy: FaultProxy, make_client: Callable[..., S3Client], client: S3Client) -> S3Client:
    """A client to the same server through the proxy."""
    return make_client(proxy.url)


@pytest.fixture
def impatient() -> RetryPolicy:
    """Three attempts, at once."""
    return RetryPolicy(attempts=3, first_wait=0, longest_wait=0, throttle_timeout=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "dataset"
    path.mkdir()
    return path


@pytest.fixture
def download(proxied: S3Client, folder: Path, impatient: RetryPolicy) -> Callable[[S3Url], DatasetIdentity]:
    """Download an object through the proxy into the folder."""
    return lambda url: download_dataset(url, folder, s3=lambda _: proxied, policy=impatient)


@pytest.fixture
def peak_memory(nanio: ObjectStore, project: Path) -> Callable[[str], int]:
    """Run Python code, which finds a client of nanio's in `client`, in a separate process; return its peak in MiB."""
    first = textwrap.dedent(f"""
        import resource
        from pathlib import Path
        import boto3
        from refinery.storage import download_dataset, upload_model
        from refinery.spec.urls import S3Url
        client = boto3.client("s3", endpoint_url={nanio.endpoint_url!r}, region_name={REGION!r},
                              aws_access_key_id={ACCESS_KEY!r}, aws_secret_access_key={SECRET_KEY!r})
    """)
    # On Linux, getrusage counts what the parent had when it forked.
    last = textwrap.dedent("""
        status = Path("/proc/self/status")
        if status.exists():
            print(status.read_text().partition("VmHWM:")[2].split()[0])
        else:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """)

    def run(code: str) -> int:
        command = [sys.executable, "-c", f"{first}{code}\n{last}"]
        output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project).stdout
        # Linux counts in KiB, macOS in bytes.
        return int(output) >> (20 if sys.platform == "darwin" else 10)

    return run


@contextlib.contextmanager
def running_proxy(upstream: str) -> Iterator[FaultProxy]:
    proxy = FaultProxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            fault = proxy.take_fault()
            if isinstance(fault, CutRequest):
                proxy.requests.append(Request(self.command, self.path, dict(self.headers)))
                reset_connection(self, fault.after)
                return
            pause = fault.pause if isinstance(fault, SlowRequest) else 0
            answer = ask_upstream(proxy, self, pause)
            if fault and not isinstance(fault, SlowRequest):
                fault(answer)
            self.send_response_only(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.send_body(answer)
            self.close_connection = answer.sent is not None

        def send_body(self, answer: Answer) -> None:
            body = answer.body[: answer.sent]
            size = -(-len(body) // 10) if answer.drip else len(body)
            for start in range(0, len(body), size or 1):
                time.sleep(answer.drip)
                self.wfile.write(body[start : start + size])
            if answer.silent:
                with contextlib.suppress(OSError):
                    self.rfile.read(1)  # until the client hangs up

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # noqa: N815 - the names that the base class calls

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield proxy
    server.shutdown()
    server.server_close()
    thread.join()


def reset_connection(handler: BaseHTTPRequestHandler, after: int) -> None:
    """Read that many bytes of a request's body, and reset the connection as a router that lost it does."""
    handler.rfile.read(after)
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def read_body(handler: BaseHTTPRequestHandler, pause: float) -> bytes:
    size = int(handler.headers.get("Content-Length", 0))
    pieces = []
    for start in range(0, size, piece := -(-size // 10) or 1):
        time.sleep(pause)
        pieces.append(handler.rfile.read(min(piece, size - start)))
    return b"".join(pieces)


def ask_upstream(proxy: FaultProxy, handler: BaseHTTPRequestHandler, pause: float = 0) -> Answer:
    proxy.requests.append(Request(handler.command, handler.path, dict(handler.headers)))
    body = read_body(handler, pause)
    upstream = urlsplit(proxy.upstream)
    connection = http.client.HTTPConnection(upstream.hostname, upstream.port)
    # The signature covers the headers as they are, so none is added or changed.
    connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
    for name, text in handler.headers.items():
        if name != "Expect":
            connection.putheader(name, text)
    connection.endheaders(body)
    response = connection.getresponse()
    hidden = ("transfer-encoding", "connection", "date", "server")
    headers = {name: text for name, text in response.getheaders() if name.lower() not in hidden}
    answer = Answer(response.status, CaseInsensitiveDict(headers), response.read())
    connection.close()
    if handler.command != "HEAD":
        answer.headers["Content-Length"] = str(len(answer.body))
    return answer
