"""Translate what boto3 raises into Refinery's errors, where the two meet."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from refinery.storage import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

_BY_CODE: dict[str, errors.Problem] = {
    "NoSuchKey": errors.OBJECT_NOT_FOUND,
    "NoSuchBucket": errors.BUCKET_NOT_FOUND,
    "AccessDenied": errors.ACCESS_DENIED,
    "AllAccessDisabled": errors.ACCESS_DENIED,
    "InvalidAccessKeyId": errors.CREDENTIALS_REJECTED,
    "SignatureDoesNotMatch": errors.CREDENTIALS_REJECTED,
    "ExpiredToken": errors.CREDENTIALS_EXPIRED,
    "InvalidToken": errors.CREDENTIALS_REJECTED,
    "TokenRefreshRequired": errors.CREDENTIALS_EXPIRED,
    "RequestTimeTooSkewed": errors.CLOCK_SKEWED,
    "InvalidObjectState": errors.OBJECT_ARCHIVED,
    "SlowDown": errors.THROTTLED,
    "Throttling": errors.THROTTLED,
    "ThrottlingException": errors.THROTTLED,
    "RequestLimitExceeded": errors.THROTTLED,
    "TooManyRequests": errors.THROTTLED,
    "RequestTimeout": errors.CONNECTION_DROPPED,
    "BadDigest": errors.DATA_CORRUPTED,
    "PreconditionFailed": errors.OBJECT_CHANGED,
    "ConditionalRequestConflict": errors.OBJECT_CHANGED,
    "NotImplemented": errors.NOT_SUPPORTED,
    "InvalidRange": errors.OBJECT_CHANGED,
}
# Answers to HEAD requests have no body, so their only code is the status: S3 throttles with a 503.
_BY_STATUS: dict[int, errors.Problem] = {
    401: errors.CREDENTIALS_REJECTED,
    403: errors.ACCESS_DENIED,
    404: errors.OBJECT_NOT_FOUND,
    408: errors.CONNECTION_DROPPED,
    412: errors.OBJECT_CHANGED,
    416: errors.OBJECT_CHANGED,
    429: errors.THROTTLED,
}
_FIRST_SERVER_ERROR = 500
# Operations that only write; a copy reads too, and either may be what was denied.
_WRITES = ("Put", "Delete", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")


@contextmanager
def s3_errors(location: str, client: S3Client) -> Iterator[None]:
    """Raise a RemoteError instead of what boto3 raises inside the block.

    Args:
        location: The URL of the object that the block is about.
        client: The client that the block uses; the error names its endpoint.

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

    problem = _refusal(error) if isinstance(error, ClientError) else _client_failure(error)
    return problem.at(location, endpoint=client.meta.endpoint_url, detail=_detail(error, client))


def _refusal(error: ClientError) -> errors.Problem:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    by_status = _BY_STATUS.get(status, errors.REQUEST_REFUSED)
    if status >= _FIRST_SERVER_ERROR:
        by_status = errors.SERVER_FAILED
    if status == HTTPStatus.SERVICE_UNAVAILABLE and error.operation_name.startswith("Head"):
        by_status = errors.THROTTLED
    problem = _BY_CODE.get(error.response.get("Error", {}).get("Code", ""), by_status)
    is_write = error.operation_name.startswith(_WRITES) and not error.operation_name.endswith("Copy")
    return errors.WRITE_DENIED if problem is errors.ACCESS_DENIED and is_write else problem


def _client_failure(error: BaseException) -> errors.Problem:
    from botocore import exceptions as boto

    match error:
        case (
            boto.NoCredentialsError()
            | boto.PartialCredentialsError()
            | boto.CredentialRetrievalError()
            | boto.TokenRetrievalError()
        ):
            return errors.CREDENTIALS_REJECTED
        case boto.FlexibleChecksumError() | boto.ChecksumError():
            return errors.DATA_CORRUPTED
        case boto.ConnectionError():
            return errors.ENDPOINT_UNREACHABLE
        case boto.HTTPClientError() | boto.IncompleteReadError():
            return errors.CONNECTION_DROPPED
        case _:
            return errors.REQUEST_REFUSED


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
