"""An S3 server with AWS's conditional writes, which answers one request at a time.

Left to its threads, moto looks at a write's condition and writes in two steps, between which another write may come.
"""

from __future__ import annotations

import contextlib
import io
import logging
import threading
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def running_moto() -> Iterator[str]:
    """Run a separate server, and yield its address."""
    application, lock = create_backend_app("s3"), threading.Lock()

    def one_at_a_time(environ, start_response):
        # Read before the lock: the rest of a body may come only after the answer to another request.
        body = get_input_stream(environ).read()
        environ |= {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
        with lock:
            return list(application(environ, start_response))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
