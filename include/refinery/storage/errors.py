"""What can go wrong between Refinery, S3, web servers and the local disk.

StorageError                        also any file or folder on this machine
    RemoteError                     one object, prefix or file elsewhere
        ObjectNotFoundError
        AccessDeniedError
        RequestRefusedError         any other refusal
            NotSupportedError
        ThrottledError
        ObjectChangedError
        DataCorruptedError
        WriteConflictError
        PrefixBusyError

A class is here because code catches it. Everything else that can happen elsewhere is a row of the table of problems below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from refinery.errors import RefineryError

_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s\"'@]*@")


class StorageError(RefineryError):
    """Something between Refinery, S3, web servers and the local disk."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        self.retryable = retryable
        super().__init__(message)


class Retry(Enum):
    """When trying again may succeed."""

    NEVER = "never"
    NEXT_TRY = "with the task's next try"
    SOON = "in a moment, from the same client"


class RemoteError(StorageError):
    """An object, prefix or file elsewhere could not be read or written.

    Attributes:
        location: Its URL.
        endpoint: The server that was asked, such as "http://127.0.0.1:9000"; None where the location names it.
        detail: What the server or the client said.
        retry: When trying again may succeed.
    """

    def __init__(
        self,
        message: str,
        *,
        location: str = "",
        endpoint: str | None = None,
        detail: str = "",
        retry: Retry = Retry.NEVER,
    ) -> None:
        self.location = location
        self.endpoint = endpoint
        self.detail = detail
        self.retry = retry
        super().__init__(message, retryable=retry is not Retry.NEVER)


class ObjectNotFoundError(RemoteError):
    """No object or file is there, or none matches a pattern."""


class AccessDeniedError(RemoteError):
    """The server does not let these credentials do this, or hides that the object is missing."""


class RequestRefusedError(RemoteError):
    """The server refused for a reason that no other error names."""


class NotSupportedError(RequestRefusedError):
    """The server does not know this kind of request, or one of its conditions."""


class ThrottledError(RemoteError):
    """The server asked for fewer requests, and did so until the attempts ran out."""


class ObjectChangedError(RemoteError):
    """The object was replaced while it was read, each time."""


class DataCorruptedError(RemoteError):
    """The bytes that arrived are not those that the server stores."""


class WriteConflictError(RemoteError):
    """Another writer replaced the object after it was read and before it was written."""


class PrefixBusyError(RemoteError):
    """Another writer changes what is under a prefix, or took this writer's place there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of failure: the sentence that people read, the error that code catches, and when to try again.

    Attributes:
        sentence: What is wrong and what to do, with `{location}` and `{bucket}`.
        error: The error's class.
        retry: When trying again may succeed.
    """

    sentence: str
    error: type[RemoteError] = RemoteError
    retry: Retry = Retry.NEVER

    def at(self, location: str, *, endpoint: str | None = None, detail: str = "") -> RemoteError:
        """Make the error for a URL, without the credentials that the endpoint or the detail may hold.

        Args:
            location: The URL.
            endpoint: The server that was asked; None where the location names it.
            detail: What the server or the client said.
        """
        endpoint = _without_credentials(endpoint) if endpoint else None
        detail = _without_credentials(detail)
        bucket = location.removeprefix("s3://").partition("/")[0]
        facts = "; ".join(filter(None, (endpoint and f"endpoint {endpoint}", detail)))
        sentence = self.sentence.format(location=location, bucket=bucket)
        return self.error(
            f"{sentence} ({facts})" if facts else sentence,
            location=location,
            endpoint=endpoint,
            detail=detail,
            retry=self.retry,
        )

    def instead_of(self, error: RemoteError) -> RemoteError:
        """Make the error that says more about the same request than another one."""
        return self.at(error.location, endpoint=error.endpoint, detail=error.detail)


OBJECT_NOT_FOUND = Problem(
    "{location} does not exist. Check the key, which is case-sensitive, and that the object was written for this date.",
    ObjectNotFoundError,
)
FILE_NOT_FOUND = Problem(
    "{location} does not exist. Check the address, and that the file was written for this date.",
    ObjectNotFoundError,
)
NO_MATCH = Problem(
    "No object matches {location}. Check the folder and the pattern, which is case-sensitive, and that the objects were "
    "written for this date.",
    ObjectNotFoundError,
)
TOO_MANY_MATCHES = Problem(
    "Too many objects match {location}. Narrow the pattern, or write the data as fewer, larger files."
)
BUCKET_NOT_FOUND = Problem(
    'The bucket "{bucket}" of {location} does not exist. Check its name, and that the connection points to the right endpoint.'
)
ACCESS_DENIED = Problem(
    "Access to {location} was denied. Let the connection's credentials read or write it. S3 gives the same answer for a "
    "missing object to credentials that may not list the bucket, so check the key too.",
    AccessDeniedError,
)
FILE_ACCESS_DENIED = Problem(
    "Access to {location} was denied. Plain web addresses are read without credentials: use a public one, or S3.",
    AccessDeniedError,
)
LISTING_DENIED = Problem(
    "Listing the objects that match {location} was denied. Let the connection's credentials list the bucket "
    "(s3:ListBucket), or name each object instead of a pattern.",
    AccessDeniedError,
)
WRITE_DENIED = Problem(
    "Writing to {location} was denied. Let the connection's credentials write and delete there (s3:PutObject, "
    "s3:DeleteObject), and check that neither the bucket's policy nor its KMS key forbids it.",
    AccessDeniedError,
)
CREDENTIALS_REJECTED = Problem(
    "The credentials for {location} were rejected. Check the access key and secret of the Airflow connection."
)
# The next try of the task reads the connection again.
CREDENTIALS_EXPIRED = Problem(
    "The credentials for {location} have expired. Renew the session token of the Airflow connection, or let the "
    "connection assume a role (role_arn in its extra), whose credentials renew themselves.",
    retry=Retry.NEXT_TRY,
)
# The next try of the task may run on another worker, whose clock is right.
CLOCK_SKEWED = Problem(
    "The request for {location} was refused because this machine's clock differs too much from the server's. "
    "Set the worker's clock (by NTP).",
    retry=Retry.NEXT_TRY,
)
OBJECT_ARCHIVED = Problem("{location} is archived. Restore it on S3 first, then run again.")
TOO_LARGE = Problem(
    "{location} is larger than Refinery writes such files, and was not read. Find out who wrote it; delete it, or put the right file there."
)
REQUEST_REFUSED = Problem("The request for {location} was refused.", RequestRefusedError)
NOT_SUPPORTED = Problem("The server of {location} does not support the request.", NotSupportedError)
THROTTLED = Problem(
    "The server of {location} is throttling requests. Run again later, or run fewer pipelines at the same time.",
    ThrottledError,
    Retry.SOON,
)
SERVER_FAILED = Problem("The server of {location} failed. Run again later.", retry=Retry.SOON)
ENDPOINT_UNREACHABLE = Problem(
    "The server of {location} cannot be reached. Check the endpoint of the connection, and the network.",
    retry=Retry.SOON,
)
WEB_SERVER_UNREACHABLE = Problem(
    "The web server of {location} cannot be reached. Check the address, and the network.", retry=Retry.SOON
)
CONNECTION_DROPPED = Problem(
    "The connection broke while {location} was transferred. Run again; if it keeps breaking, check the network.",
    retry=Retry.SOON,
)
OBJECT_CHANGED = Problem(
    "{location} was replaced while it was read. Run again when its writer has finished.",
    ObjectChangedError,
    Retry.SOON,
)
DATA_CORRUPTED = Problem(
    "The bytes of {location} do not match what the server reports. Run again; if they still differ, check the network.",
    DataCorruptedError,
    Retry.SOON,
)
WRITE_CONFLICT = Problem(
    "{location} was replaced by another writer at the same moment. Run again.", WriteConflictError, Retry.SOON
)
PREFIX_BUSY = Problem(
    "Another run is writing to {location}. Run again when it has ended.", PrefixBusyError, Retry.NEXT_TRY
)


def _without_credentials(text: str) -> str:
    """Leave the user name and password out of the URLs in a text."""
    return _CREDENTIALS_IN_URL.sub("", text)
