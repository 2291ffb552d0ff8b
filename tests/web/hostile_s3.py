"""An S3 server that refuses what is asked of one bucket, and answers too late for another."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LATE = 20
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stopped = threading.Event()

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            self.stopped.wait(LATE)
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(DENIED)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(DENIED)

    def do_HEAD(self) -> None:
        self.do_GET()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # who asked has given up
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def hostile_s3() -> Iterator[str]:
    """Run the server, and yield its URL."""
    with _Server(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        _Answer.stopped.set()
        server.shutdown()
