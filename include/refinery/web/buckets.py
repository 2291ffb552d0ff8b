"""The S3 clients of the pages: they give up soon, and a server that does not answer is not asked again by every request."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refinery.connections import s3_client
from refinery.errors import RefineryError
from refinery.storage.errors import RemoteError, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

_CONNECT_SECONDS, _READ_SECONDS = 3, 4
# A connection that was changed in Airflow is used from then on.
_CLIENT_SECONDS = 120.0
_MOST_CLIENTS = 20
# Of requests to a server that did not answer, one in this time is sent; the others fail with the same sentence.
_AWAY_SECONDS = 15.0

_Place = tuple[str, str, str | None]


class NoAnswerError(RefineryError):
    """S3 did not answer while a page was waiting."""


class Buckets:
    """Clients by connection, used by several threads, and which buckets do not answer."""

    def __init__(self) -> None:
        self._clients: OrderedDict[tuple[str, str | None], tuple[float, S3Client]] = OrderedDict()
        self._away: dict[_Place, tuple[float, str]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def asked(self, connection: str, url: S3Url) -> Iterator[S3Client]:
        """Give the block a client for the bucket of a URL, unless its server has just not answered.

        Args:
            connection: The Airflow connection.
            url: Anything in the bucket.

        Raises:
            NoAnswerError: The server did not answer the block, or has just not answered another.
            RefineryError: The connection gives no access.
        """
        place = (connection, url.bucket, url.region)
        with self._lock:
            asked_at, problem = self._away.get(place, (0.0, ""))
            if problem and time.monotonic() - asked_at < _AWAY_SECONDS:
                raise NoAnswerError(problem)
            if problem:
                self._away[place] = (time.monotonic(), problem)
        problem = ""
        try:
            yield self.client(connection, url)
        except RemoteError as error:
            # Throttling, refusals and damaged answers have separate classes.
            if type(error) is not RemoteError or error.retry is not Retry.SOON:
                raise
            problem = (
                f'The server of s3://{url.bucket} cannot be reached, or did not answer in time (connection "{connection}", '
                f"endpoint {error.endpoint}). Check the connection, and the network of the API server."
            )
            raise NoAnswerError(problem) from error
        finally:
            with self._lock:
                self._away[place] = (time.monotonic(), problem)

    def client(self, connection: str, url: S3Url) -> S3Client:
        """Return a client for the bucket of a URL, the same for two minutes.

        Args:
            connection: The Airflow connection.
            url: Anything in the bucket.

        Raises:
            RefineryError: The connection gives no access.
        """
        from botocore.config import Config

        key = (connection, url.region)
        with self._lock:
            made_at, client = self._clients.get(key, (0.0, None))
            if client is None or time.monotonic() - made_at > _CLIENT_SECONDS:
                soon = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": 1},
                )
                client = s3_client(connection, url, soon)
                self._clients[key] = (time.monotonic(), client)
            self._clients.move_to_end(key)
            while len(self._clients) > _MOST_CLIENTS:
                self._clients.popitem(last=False)
            return client
