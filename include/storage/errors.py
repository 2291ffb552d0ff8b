"""What can go wrong between Refinery, S3, web servers and the local disk.

StorageError
    RemoteError                     one object, prefix or file elsewhere
        ObjectNotFoundError
            NoMatchingObjectError
        TooManyObjectsError
            HttpNotFoundError
        BucketNotFoundError
        AccessDeniedError
            HttpAccessDeniedError
            ListingDeniedError
            WriteDeniedError
        CredentialsError            none, unknown or wrong
            CredentialsExpiredError retryable
        ClockSkewedError            retryable
        ObjectArchivedError
        RequestRefusedError         any other refusal
            NotSupportedError
        ThrottledError              retryable
        ServerFailedError           retryable
        EndpointUnreachableError    retryable
            HttpUnreachableError
        ConnectionDroppedError      retryable
        ObjectChangedError          retryable
        WriteConflictError          retryable
        DataCorruptedError          retryable
    DiskFullError                   retryable
    LocalFileError
    UnsafeWorkspaceError
    IdentityUnreadableError
    StageUnreadableError
    NoModelError
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.urls import S3Url


_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s\"'@]*@")


class StorageError(RefineryError):
    """Something between Refinery, S3, web servers and the local disk."""


class RemoteError(StorageError):
    """An object, prefix or file elsewhere could not be read or written.

    Attributes:
        location: Its URL.
        endpoint: The server that was asked, as "http://127.0.0.1:9000", or None where the location tells it.
        detail: What the server or the client said.
        at_once: Of what is retryable, whether the same client may succeed in a moment; else only a new try of the task may.
    """

    at_once: bool = True
    explanation = "{location} could not be read or written."

    def __init__(self, location: str, *, endpoint: str | None = None, detail: str = "") -> None:
        self.location = location
        self.endpoint = _without_credentials(endpoint) if endpoint else None
        self.detail = _without_credentials(detail)
        sentence = self.explanation.format(
            location=location, bucket=location.removeprefix("s3://").partition("/")[0]
        )
        facts = [f"endpoint {self.endpoint}"] if self.endpoint else []
        facts += [self.detail] if self.detail else []
        super().__init__(f"{sentence} ({'; '.join(facts)})" if facts else sentence)


class ObjectNotFoundError(RemoteError):
    """No object has this key."""

    explanation = (
        "{location} does not exist. Check the key, capitals too, and that it was written for this date."
    )


class HttpNotFoundError(ObjectNotFoundError):
    """A web server has no such file."""

    explanation = "{location} does not exist. Check the address, and that the file was written for this date."


class NoMatchingObjectError(ObjectNotFoundError):
    """No object's key fits a pattern.

    Attributes:
        pattern: The URL with the pattern.
        prefix: What was listed: the key before the first wildcard.
        others: A few of the keys that begin with the prefix and do not fit.
    """

    explanation = (
        "No object fits {location}. Check the folder and the pattern, capitals too, and that the objects were written "
        "for this date."
    )

    def __init__(self, pattern: S3Url, prefix: str, others: Sequence[str], *, endpoint: str) -> None:
        self.pattern = pattern
        self.prefix = prefix
        self.others = others
        held = f"holds {', '.join(others)}" if others else "holds nothing"
        detail = f'bucket "{pattern.bucket}" {held} under prefix "{prefix}", looked for "{pattern.file_name}"'
        super().__init__(str(pattern), endpoint=endpoint, detail=detail)


class TooManyObjectsError(RemoteError):
    """More objects fit a pattern than are sensibly read one by one.

    Attributes:
        most: Most objects that may fit.
    """

    explanation = (
        "Too many objects fit {location}. Narrow the pattern, or have them written as fewer, larger files."
    )

    def __init__(self, pattern: S3Url, most: int, *, endpoint: str) -> None:
        self.most = most
        super().__init__(str(pattern), endpoint=endpoint, detail=f"more than {most:,}")


class BucketNotFoundError(RemoteError):
    """The bucket does not exist on this server."""

    explanation = 'The bucket "{bucket}" of {location} does not exist. Check its name, and that the connection points to the right endpoint.'


class AccessDeniedError(RemoteError):
    """The server does not let these credentials do this, or hides that the object is missing."""

    explanation = (
        "Access to {location} was denied. Let the connection's credentials read or write it; "
        "S3 also answers so for a missing object to those who may not list the bucket, so check the key too."
    )


class HttpAccessDeniedError(AccessDeniedError):
    """A web server does not give the file to everyone."""

    explanation = "Access to {location} was denied. Plain web addresses are read without credentials: use a public one, or S3."


class ListingDeniedError(AccessDeniedError):
    """The server does not let these credentials list the bucket."""

    explanation = (
        "Listing the objects that fit {location} was denied. Let the connection's credentials list the bucket "
        "(s3:ListBucket), or name each object in place of the pattern."
    )


class WriteDeniedError(AccessDeniedError):
    """The server does not let these credentials write or delete."""

    explanation = (
        "Writing to {location} was denied. Let the connection's credentials write and delete there (s3:PutObject, "
        "s3:DeleteObject), and check that neither the bucket's policy nor its key (KMS) forbids it."
    )


class CredentialsError(RemoteError):
    """The connection's credentials are missing, unknown or wrong."""

    explanation = "The credentials for {location} were not accepted. Check the access key and secret of the Airflow connection."


class CredentialsExpiredError(CredentialsError):
    """The connection's session token has run out; the next try of the task reads the connection anew."""

    retryable = True
    at_once = False
    explanation = (
        "The credentials for {location} have expired. Renew the session token of the Airflow connection, or let the "
        "connection take a role (role_arn in its extra), whose credentials renew themselves."
    )


class ClockSkewedError(RemoteError):
    """This machine's clock differs too much from the server's; another worker's may be right."""

    retryable = True
    at_once = False
    explanation = (
        "The request for {location} was refused because this machine's clock differs too much from the server's. "
        "Set the worker's clock (by NTP)."
    )


class ObjectArchivedError(RemoteError):
    """The object lies in an archive and must be restored before it can be read."""

    explanation = "{location} is archived. Restore it on S3 first, then run again."


class RequestRefusedError(RemoteError):
    """The server refused for a reason that no other error names."""

    explanation = "The request for {location} was refused."


class NotSupportedError(RequestRefusedError):
    """The server does not know this kind of request, or one of its conditions."""

    explanation = "The server of {location} does not support the request."


class ThrottledError(RemoteError):
    """The server asked for fewer requests, and did so until the attempts ran out."""

    retryable = True
    explanation = (
        "The server of {location} is throttling requests. Run again later, or with fewer pipelines at once."
    )


class ServerFailedError(RemoteError):
    """The server had a fault of its own until the attempts ran out."""

    retryable = True
    explanation = "The server of {location} failed. Run again later."


class EndpointUnreachableError(RemoteError):
    """No server answers at the endpoint."""

    retryable = True
    explanation = (
        "The server of {location} cannot be reached. Check the endpoint of the connection, and the network."
    )


class HttpUnreachableError(EndpointUnreachableError):
    """No web server answers at the address."""

    explanation = "The web server of {location} cannot be reached. Check the address, and the network."


class ConnectionDroppedError(RemoteError):
    """The connection broke or fell silent until the attempts ran out."""

    retryable = True
    explanation = (
        "The connection broke in the middle of {location}. Run again; check the network if it stays so."
    )


class ObjectChangedError(RemoteError):
    """The object was replaced while it was read, each time."""

    retryable = True
    explanation = "{location} was replaced while it was read. Run again when its writer has finished."


class WriteConflictError(RemoteError):
    """Another writer replaced the object after it was read and before it was written."""

    retryable = True
    explanation = "{location} was replaced by another writer at the same moment. Run again."


class DataCorruptedError(RemoteError):
    """The bytes that arrived are not those that the server stores."""

    retryable = True
    explanation = "The bytes of {location} do not match what the server says of them. Run again; check the network if it stays so."


class DiskFullError(StorageError):
    """The disk or the quota of the workspace is full.

    Attributes:
        path: The file that was written.
    """

    # Other runs remove their workspaces.
    retryable = True

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"No space is left on the disk of {path}. Free some, or move the workspace (of one on S3, TMPDIR) to a larger disk."
        )


class LocalFileError(StorageError):
    """A local file or folder could not be read or written.

    Attributes:
        path: The file or folder.
        detail: What the operating system said.
    """

    def __init__(self, path: Path, detail: str) -> None:
        self.path = path
        self.detail = detail
        super().__init__(
            f"{path} could not be read or written: {detail}. Check the folder and its permissions."
        )


class UnsafeWorkspaceError(StorageError):
    """A workspace's path leads elsewhere, through a symbolic link.

    Attributes:
        path: The link.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is a symbolic link, which a workspace does not follow. Remove it.")


class IdentityUnreadableError(StorageError):
    """The file that says which dataset was downloaded is missing or damaged.

    Attributes:
        path: The file.
        detail: What is wrong with it.
    """

    def __init__(self, path: Path, detail: str) -> None:
        self.path = path
        self.detail = detail
        super().__init__(
            f"{path} does not tell the dataset: {detail}. Clear the download task to run it again."
        )


class StageUnreadableError(StorageError):
    """What an earlier step left in a staged workspace is missing, half there or damaged.

    Attributes:
        location: The URL of the object that should describe it.
        detail: What is wrong with it.
    """

    def __init__(self, location: str, step: str, detail: str) -> None:
        self.location = location
        self.detail = detail
        super().__init__(
            f"{location} does not tell what {step} left: {detail}. Clear {step} to run it again."
        )


class NoModelError(StorageError):
    """Training left no model to upload.

    Attributes:
        folder: Where the model should be.
        missing: The file that is not there, or None for all.
    """

    def __init__(self, folder: Path, missing: str | None = None) -> None:
        self.folder = folder
        self.missing = missing
        what = f"holds no {missing}" if missing else "holds no files"
        super().__init__(
            f"{folder} {what}: training left no model. Look at the training task's log, and run it again."
        )


def _without_credentials(text: str) -> str:
    """Leave the user name and password out of the URLs in a text."""
    return _CREDENTIALS_IN_URL.sub("", text)
