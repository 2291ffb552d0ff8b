"""S3 access for the command line: the embedded server for the buckets it holds, Airflow's connection for all others."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

from include.connections import s3_client
from include.local.object_store import ObjectStore
from include.storage.errors import EndpointUnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

CONNECTION_VARIABLE = "AIRFLOW_CONN_AWS_DEFAULT"
LOG_LEVEL_VARIABLE = "AIRFLOW__LOGGING__LOGGING_LEVEL"


@contextmanager
def s3_access(project: Path, url: S3Url, connection: str) -> Iterator[S3Client]:
    """Give an S3 client for a bucket.

    Args:
        project: The project's root folder. A bucket below its ``.local/s3`` or ``include/sample_data`` is served by the
            embedded server, unless the environment itself defines ``aws_default``.
        url: Any URL in the bucket.
        connection: The Airflow connection for all other buckets.

    Raises:
        EndpointUnreachableError: The server's name is known nowhere; who waits at a terminal is told at once.
        ConnectionMissingError: There is no such connection.
    """
    store = ObjectStore(project)
    folders = (store.data, project / "include" / "sample_data")
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
    """Keep what Airflow logs on its way to a client, as which connections it tried, from people at a terminal."""
    before = os.environ.get(LOG_LEVEL_VARIABLE)
    os.environ.setdefault(LOG_LEVEL_VARIABLE, "ERROR")  # Airflow reads it when it is imported
    try:
        yield
    finally:
        if before is None:
            del os.environ[LOG_LEVEL_VARIABLE]


def _require_known_host(client: S3Client, url: S3Url) -> None:
    if getproxies():  # it is the proxy that looks names up
        return
    endpoint = urlsplit(client.meta.endpoint_url)
    try:
        socket.getaddrinfo(endpoint.hostname, endpoint.port)
    except socket.gaierror as error:
        detail = f"the name {endpoint.hostname} is not known: {error.strerror}"
        raise EndpointUnreachableError(str(url), endpoint=client.meta.endpoint_url, detail=detail) from error
