"""S3 access for the command line: the embedded server for the buckets it holds, an Airflow connection for all others."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

from refinery.connections import s3_client
from refinery.local.object_store import ObjectStore
from refinery.project import Project
from refinery.storage.errors import ENDPOINT_UNREACHABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

CONNECTION_VARIABLE = "AIRFLOW_CONN_AWS_DEFAULT"
LOG_LEVEL_VARIABLE = "AIRFLOW__LOGGING__LOGGING_LEVEL"


@contextmanager
def s3_access(project: Path, url: S3Url, connection: str) -> Iterator[S3Client]:
    """Yield an S3 client for a bucket.

    Args:
        project: The project's root folder. The embedded server serves the buckets below its ``.local/s3`` and
            ``include/sample_data``, unless the environment itself defines ``aws_default``.
        url: Any URL in the bucket.
        connection: The Airflow connection for all other buckets.

    Raises:
        RemoteError: The server's name does not resolve. This is not retried, since a person is waiting.
        RefineryError: There is no such connection.
    """
    store = ObjectStore(project)
    folders = (store.data, Project.at(project).sample_data)
    if CONNECTION_VARIABLE in os.environ or not any((folder / url.bucket).is_dir() for folder in folders):
        with _quiet():
            client = s3_client(connection, url)
        _require_known_host(client, url)
        yield client
        return
    with store:
        yield store.client()


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide from people at a terminal what Airflow logs on its way to a client, such as the connections it tried."""
    before = os.environ.get(LOG_LEVEL_VARIABLE)
    os.environ.setdefault(LOG_LEVEL_VARIABLE, "ERROR")  # Airflow reads it when it is imported
    try:
        yield
    finally:
        if before is None:
            del os.environ[LOG_LEVEL_VARIABLE]


def _require_known_host(client: S3Client, url: S3Url) -> None:
    if getproxies():  # the proxy resolves names
        return
    endpoint = urlsplit(client.meta.endpoint_url)
    try:
        socket.getaddrinfo(endpoint.hostname, endpoint.port)
    except socket.gaierror as error:
        detail = f"the name {endpoint.hostname} does not resolve: {error.strerror}"
        raise ENDPOINT_UNREACHABLE.at(str(url), endpoint=client.meta.endpoint_url, detail=detail) from error
