"""Turns what boto3 raises into sentences of Refinery's own, at the border."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from include.storage import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

_BY_CODE: dict[str, type[errors.RemoteError]] = {
    "NoSuchKey": errors.ObjectNotFoundError,
    "NoSuchBucket": errors.BucketNotFoundError,
    "AccessDenied": errors.AccessDeniedError,
    "AllAccessDisabled": errors.AccessDeniedError,
    "InvalidAccessKeyId": errors.CredentialsError,
    "SignatureDoesNotMatch": errors.CredentialsError,
    "ExpiredToken": errors.CredentialsExpiredError,
    "InvalidToken": errors.CredentialsError,
    "TokenRefreshRequired": errors.CredentialsExpiredError,
    "RequestTimeTooSkewed": errors.ClockSkewedError,
    "InvalidObjectState": errors.ObjectArchivedError,
    "SlowDown": errors.ThrottledError,
    "Throttling": errors.ThrottledError,
    "ThrottlingException": errors.ThrottledError,
    "RequestLimitExceeded": errors.ThrottledError,
    "TooManyRequests": errors.ThrottledError,
    "RequestTimeout": errors.ConnectionDroppedError,
    "BadDigest": errors.DataCorruptedError,
    "PreconditionFailed": errors.ObjectChangedError,
    "ConditionalRequestConflict": errors.ObjectChangedError,
    "NotImplemented": errors.NotSupportedError,
    "InvalidRange": errors.ObjectChangedError,
}
# Answers to HEAD requests have no body, so their only code is the status: S3 slows down with a 503.
_BY_STATUS: dict[int, type[errors.RemoteError]] = {
    401: errors.CredentialsError,
    403: errors.AccessDeniedError,
    404: errors.ObjectNotFoundError,
    408: errors.ConnectionDroppedError,
    412: errors.ObjectChangedError,
    416: errors.ObjectChangedError,
    429: errors.ThrottledError,
}
_FIRST_SERVER_FAULT = 500
# Operations that only write; a copy reads too, and either may be what was denied.
_WRITES = ("Put", "Delete", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")


@contextmanager
def s3_errors(location: str, client: S3Client) -> Iterator[None]:
    """Raise a RemoteError in place of what boto3 raises inside the block.

    Args:
        location: The URL of the object that the block is about.
        client: The client that it uses, whose endpoint the error names.

    Raises:
        RemoteError: S3 refused, failed or could not be reached.
    """
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise _translate(error, location, client) from error
    except S3UploadFailedError as error:
        raise _translate(error.__context__ or error, location, client) from error


def _translate(error: BaseException, location: str, client: S3Client) -> errors.RemoteError:
    from botocore.exceptions import ClientError

    kind = _kind_of_refusal(error) if isinstance(error, ClientError) else _kind_of_fault(error)
    return kind(location, endpoint=client.meta.endpoint_url, detail=_detail(error, client))


def _kind_of_refusal(error: ClientError) -> type[errors.RemoteError]:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    by_status = _BY_STATUS.get(status, errors.RequestRefusedError)
    if status >= _FIRST_SERVER_FAULT:
        by_status = errors.ServerFailedError
    if status == HTTPStatus.SERVICE_UNAVAILABLE and error.operation_name.startswith("Head"):
        by_status = errors.ThrottledError
    kind = _BY_CODE.get(error.response.get("Error", {}).get("Code", ""), by_status)
    is_write = error.operation_name.startswith(_WRITES) and not error.operation_name.endswith("Copy")
    return errors.WriteDeniedError if kind is errors.AccessDeniedError and is_write else kind


def _kind_of_fault(error: BaseException) -> type[errors.RemoteError]:
    from botocore import exceptions as boto

    match error:
        case (
            boto.NoCredentialsError()
            | boto.PartialCredentialsError()
            | boto.CredentialRetrievalError()
            | boto.TokenRetrievalError()
        ):
            return errors.CredentialsError
        case boto.FlexibleChecksumError() | boto.ChecksumError():
            return errors.DataCorruptedError
        case boto.ConnectionError():
            return errors.EndpointUnreachableError
        case boto.HTTPClientError() | boto.IncompleteReadError():
            return errors.ConnectionDroppedError
        case _:
            return errors.RequestRefusedError


def _detail(error: BaseException, client: S3Client) -> str:
    from botocore import UNSIGNED
    from botocore.exceptions import ClientError

    if not isinstance(error, ClientError):
        return str(error).rstrip(".")
    answer = error.response.get("Error", {})
    said = ": ".join(filter(None, (answer.get("Code"), answer.get("Message"))))
    is_anonymous = getattr(client.meta.config, "signature_version", None) is UNSIGNED
    return (
        f"{said}; the connection has no credentials, so the request was anonymous" if is_anonymous else said
    )
