"""What boto3 raises is translated, all of it. Refusals by code are tested through real requests, with the downloads."""

from __future__ import annotations

import pickle

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions as boto

from refinery.storage import errors
from refinery.storage.s3_errors import s3_errors

URL = "s3://bucket/key"


@pytest.fixture(scope="module")
def client():
    return boto3.client("s3", endpoint_url="http://127.0.0.1:9", region_name="us-east-1")


@pytest.mark.parametrize(
    ("raised", "problem", "retryable"),
    [
        (boto.NoCredentialsError(), errors.CREDENTIALS_REJECTED, False),
        (boto.PartialCredentialsError(provider="env", cred_var="secret"), errors.CREDENTIALS_REJECTED, False),
        (boto.CredentialRetrievalError(provider="role", error_msg="no"), errors.CREDENTIALS_REJECTED, False),
        (boto.EndpointConnectionError(endpoint_url="x", error="no"), errors.ENDPOINT_UNREACHABLE, True),
        (boto.ConnectTimeoutError(endpoint_url="x"), errors.ENDPOINT_UNREACHABLE, True),
        (boto.ProxyConnectionError(proxy_url="x"), errors.ENDPOINT_UNREACHABLE, True),
        (boto.SSLError(endpoint_url="x", error="no"), errors.ENDPOINT_UNREACHABLE, True),
        (boto.ReadTimeoutError(endpoint_url="x"), errors.CONNECTION_DROPPED, True),
        (boto.ConnectionClosedError(endpoint_url="x"), errors.CONNECTION_DROPPED, True),
        (boto.ResponseStreamingError(error="no"), errors.CONNECTION_DROPPED, True),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.CONNECTION_DROPPED, True),
        (boto.FlexibleChecksumError(error_msg="no"), errors.DATA_CORRUPTED, True),
        (boto.ParamValidationError(report="no"), errors.REQUEST_REFUSED, False),
        (boto.NoRegionError(), errors.REQUEST_REFUSED, False),
        (S3UploadFailedError("no"), errors.REQUEST_REFUSED, False),
    ],
)
def test_faults_of_the_client(client, raised, problem, retryable):
    with (
        pytest.raises(problem.error, match=rf"{URL}.*endpoint http://127\.0\.0\.1:9") as caught,
        s3_errors(URL, client),
    ):
        raise raised
    assert caught.type is problem.error
    assert str(caught.value).startswith(problem.sentence.format(location=URL))
    assert caught.value.retryable is retryable
    assert caught.value.__cause__ is raised


def test_an_upload_that_failed_has_the_error_of_its_request(client):
    refusal = boto.ClientError({"Error": {"Code": "NoSuchBucket", "Message": "none"}}, "PutObject")

    def upload() -> None:
        try:
            raise refusal
        except boto.ClientError:
            raise S3UploadFailedError("Failed") from None

    with pytest.raises(errors.RemoteError, match=r"The bucket .* does not exist"), s3_errors(URL, client):
        upload()


def test_no_error_repeats_an_endpoints_password():
    client = boto3.client("s3", endpoint_url="http://user:p4ss%2Fword@127.0.0.1:9", region_name="us-east-1")
    raised = boto.EndpointConnectionError(endpoint_url="http://user:p4ss%2Fword@127.0.0.1:9/data/a@b.csv")
    with pytest.raises(errors.RemoteError, match=r"cannot be reached") as caught, s3_errors(URL, client):
        raise raised
    assert "p4ss" not in str(caught.value)
    assert (
        'endpoint http://127.0.0.1:9; Could not connect to the endpoint URL: "http://127.0.0.1:9/data/a@b.csv"'
        in str(caught.value)
    )


def test_other_errors_pass(client):
    with pytest.raises(ZeroDivisionError), s3_errors(URL, client):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "error",
    [
        errors.THROTTLED.at(URL, endpoint="http://127.0.0.1:9", detail="SlowDown"),
        errors.StorageError("No space is left.", retryable=True),
    ],
)
def test_errors_come_unchanged_from_another_process(error):
    restored = pickle.loads(pickle.dumps(error))
    assert type(restored) is type(error)
    assert str(restored) == str(error)
    assert restored.retryable
    assert vars(restored) == vars(error)
