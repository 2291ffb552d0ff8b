"""Let one writer at a time change what is under a prefix: each first creates an object there that only one can create.

A server without conditional writes lets every writer create it, so concurrent writers are not kept apart there.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from refinery.storage.errors import (
    PREFIX_BUSY,
    ObjectNotFoundError,
    PrefixBusyError,
    RemoteError,
    WriteConflictError,
)
from refinery.storage.objects import VersionedObject, delete_unchanged, read_versioned, replace_object
from refinery.storage.retry import RetryPolicy
from refinery.storage.s3_errors import s3_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from refinery.spec.urls import S3Url

log = logging.getLogger(__name__)

LEASE = ".refinery-lease"
# How often it is renewed while it holds.
_RENEWALS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
# For requests within what is tried again as a whole.
_ONCE = RetryPolicy(attempts=1, throttle_timeout=0)


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """How long writers respect each other.

    Attributes:
        seconds: How long a lease holds that its writer does not renew, such as after a kill; by the server's clock.
        timeout: How long to wait for another writer, in seconds.
    """

    seconds: float = 60.0
    timeout: float = 300.0


class Lease:
    """The right to change what is under a prefix, as long as it is renewed."""

    def __init__(self, prefix: S3Url, client: S3Client, policy: RetryPolicy, terms: LeaseTerms) -> None:
        self._prefix = prefix
        self._url = prefix.child(LEASE)
        self._client = client
        self._policy = policy
        self._terms = terms
        self._token = uuid.uuid4().hex
        self._renewed_at = 0.0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until no other writer holds it, and take it.

        Raises:
            PrefixBusyError: Another writer holds it, and goes on renewing it.
            RemoteError: S3 refused, failed or could not be reached.
        """
        give_up_at = time.monotonic() + self._terms.timeout
        pause = _FIRST_PAUSE
        while holder := self._policy.retrying()(self._try_to_take):
            if time.monotonic() >= give_up_at:
                raise self._busy(f"{holder} holds it")
            log.info("%s is being written by %s: waiting until it ends.", self._prefix, holder)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def check(self) -> None:
        """Check that it is still held, before each change.

        Raises:
            PrefixBusyError: Another writer took it, because it was not renewed in time.
            RemoteError: S3 refused, failed or could not be reached.
        """
        if time.monotonic() - self._renewed_at > self._terms.seconds / 2:
            self._policy.retrying()(self.renew)

    def renew(self) -> None:
        """Hold it for another term.

        Raises:
            PrefixBusyError: Another writer took it.
            RemoteError: S3 refused, failed or could not be reached.
        """
        with self._lock:
            held = self._held()
            if held is None:
                raise self._busy("this writer paused for too long, and another one took it")
            started_at = time.monotonic()
            self._write(held)  # on a conflict the caller tries again, and reads again whose it is
            self._renewed_at = started_at

    def release(self) -> None:
        """Let others take it; if that fails, they wait until it expires."""
        try:
            # A failed step should not end much later because of it.
            replace(self._policy, attempts=3, first_wait=0.2, throttle_timeout=0).retrying()(self._delete)
        except RemoteError as error:
            log.warning(
                "%s Other writers of %s wait for %d seconds.", error, self._prefix, self._terms.seconds
            )

    def _try_to_take(self) -> str:
        """Take it and return an empty string, or return who holds it."""
        started_at = time.monotonic()
        try:
            self._write(None)
        except WriteConflictError:
            if holder := self._holder():
                return holder
        self._renewed_at = started_at
        return ""

    def _holder(self) -> str:
        """Return who holds it; an empty string if this writer does by now."""
        there = self._read_with_age()
        if there is None:
            return "a writer that has just ended"
        stored, age = there
        if self._is_mine(stored):
            return ""
        holder = _holder_named_in(stored.content)
        if age < self._terms.seconds:
            return holder
        try:
            self._write(stored)
        except WriteConflictError:
            return holder
        log.warning("%s was left by %s, which did not renew its lease.", self._prefix, holder)
        return ""

    def _write(self, former: VersionedObject | None) -> None:
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        content = json.dumps({"token": self._token, "holder": holder, "write": uuid.uuid4().hex}).encode()
        replace_object(
            self._url, content, former=former, client=self._client, content_type="application/json"
        )

    def _held(self) -> VersionedObject | None:
        """Return the lease with its current ETag, which not every server returns from a write; None if it is another writer's."""
        stored = read_versioned(self._url, client=self._client, policy=_ONCE)
        return stored if stored and self._is_mine(stored) else None

    def _delete(self) -> None:
        held = self._held()
        if held:
            delete_unchanged(self._url, held, client=self._client)

    def _is_mine(self, stored: VersionedObject) -> bool:
        return self._token.encode() in stored.content

    def _read_with_age(self) -> tuple[VersionedObject, float] | None:
        """Return the lease, and its age in seconds by the server's clock."""
        try:
            with s3_errors(str(self._url), self._client):
                answer = self._client.get_object(Bucket=self._url.bucket, Key=self._url.key)
                stored = VersionedObject(answer["Body"].read(), answer.get("ETag"))
        except ObjectNotFoundError:
            return None
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return stored, (now - answer["LastModified"]).total_seconds()

    def _busy(self, detail: str) -> RemoteError:
        return PREFIX_BUSY.at(str(self._prefix), endpoint=self._client.meta.endpoint_url, detail=detail)


@contextmanager
def leased(
    prefix: S3Url, *, client: S3Client, policy: RetryPolicy, terms: LeaseTerms | None = None
) -> Iterator[Callable[[], None]]:
    """Hold the lease on a prefix, renewing it, and yield the function that checks it before each change.

    Args:
        prefix: The prefix.
        client: The client for its bucket.
        policy: How often and how patiently each request is tried again.
        terms: How long concurrent writers respect each other.

    Raises:
        PrefixBusyError: Another writer holds it.
        RemoteError: S3 refused, failed or could not be reached.
    """
    terms = terms or LeaseTerms()
    lease = Lease(prefix, client, policy, terms)
    lease.take()
    ended = threading.Event()
    renewing = threading.Thread(
        target=_keep_renewing, args=(lease, terms.seconds / _RENEWALS, ended), daemon=True
    )
    renewing.start()
    try:
        yield lease.check
    finally:
        ended.set()
        renewing.join()
        lease.release()


def _keep_renewing(lease: Lease, pause: float, ended: threading.Event) -> None:
    while not ended.wait(pause):
        try:
            lease.renew()
        except PrefixBusyError:
            return  # the writer learns of it before its next change
        except RemoteError as error:
            log.warning("The lease was not renewed: %s", error)


def _holder_named_in(content: bytes) -> str:
    try:
        return str(json.loads(content)["holder"])
    except (ValueError, KeyError, TypeError):
        return "another writer"
