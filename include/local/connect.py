"""S3 access for the command line: the embedded server for the buckets it holds, Airflow's connection for all others."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.connections import s3_client
from include.local.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from include.urls import S3Url

CONNECTION_VARIABLE = "AIRFLOW_CONN_AWS_DEFAULT"


@contextmanager
def s3_access(project: Path, url: S3Url, connection: str) -> Iterator[S3Client]:
    """Give an S3 client for a bucket.

    Args:
        project: The project's root folder. A bucket below its ``.local/s3`` or ``include/sample_data`` is served by the
            embedded server, unless the environment itself defines ``aws_default``.
        url: Any URL in the bucket.
        connection: The Airflow connection for all other buckets.
    """
    store = ObjectStore(project)
    folders = (store.data, project / "include" / "sample_data")
    if CONNECTION_VARIABLE in os.environ or not any((folder / url.bucket).is_dir() for folder in folders):
        yield s3_client(connection, url)
        return
    with store:
        yield store.client()
