"""What boto3 raises is translated, all of it. Refusals by code are tested through real requests, with the downloads."""

from __future__ import annotations

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions as boto

from include.storage import errors
from include.storage.s3_errors import s3_errors

URL = "s3://bucket/key"


@pytest.fixture(scope="module")
def client():
    return boto3.client("s3", endpoint_url="http://127.0.0.1:9", region_name="us-east-1")


@pytest.mark.parametrize(
    ("raised", "error", "retryable"),
    [
        (boto.NoCredentialsError(), errors.CredentialsError, False),
        (boto.PartialCredentialsError(provider="env", cred_var="secret"), errors.CredentialsError, False),
        (boto.CredentialRetrievalError(provider="role", error_msg="no"), errors.CredentialsError, False),
        (boto.EndpointConnectionError(endpoint_url="x", error="no"), errors.EndpointUnreachableError, True),
        (boto.ConnectTimeoutError(endpoint_url="x"), errors.EndpointUnreachableError, True),
        (boto.ProxyConnectionError(proxy_url="x"), errors.EndpointUnreachableError, True),
        (boto.SSLError(endpoint_url="x", error="no"), errors.EndpointUnreachableError, True),
        (boto.ReadTimeoutError(endpoint_url="x"), errors.ConnectionDroppedError, True),
        (boto.ConnectionClosedError(endpoint_url="x"), errors.ConnectionDroppedError, True),
        (boto.ResponseStreamingError(error="no"), errors.ConnectionDroppedError, True),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.ConnectionDroppedError, True),
        (boto.FlexibleChecksumError(error_msg="no"), errors.DataCorruptedError, True),
        (boto.ParamValidationError(report="no"), errors.RequestRefusedError, False),
        (boto.NoRegionError(), errors.RequestRefusedError, False),
        (S3UploadFailedError("no"), errors.RequestRefusedError, False),
    ],
)
def test_faults_of_the_client(client, raised, error, retryable):
    with (
        pytest.raises(error, match=rf"{URL}.*endpoint http://127\.0\.0\.1:9") as caught,
        s3_errors(URL, client),
    ):
        raise raised
    assert caught.type is error
    assert caught.value.retryable is retryable
    assert caught.value.__cause__ is raised


def test_an_upload_that_failed_has_the_error_of_its_request(client):
    refusal = boto.ClientError({"Error": {"Code": "NoSuchBucket", "Message": "none"}}, "PutObject")

    def upload() -> None:
        try:
            raise refusal
        except boto.ClientError:
            raise S3UploadFailedError("Failed") from None

    with pytest.raises(errors.BucketNotFoundError), s3_errors(URL, client):
        upload()


def test_no_error_repeats_an_endpoints_password():
    client = boto3.client("s3", endpoint_url="http://user:p4ss%2Fword@127.0.0.1:9", region_name="us-east-1")
    raised = boto.EndpointConnectionError(endpoint_url="http://user:p4ss%2Fword@127.0.0.1:9/data/a@b.csv")
    with pytest.raises(errors.EndpointUnreachableError) as caught, s3_errors(URL, client):
        raise raised
    assert "p4ss" not in str(caught.value)
    assert (
        'endpoint http://127.0.0.1:9; Could not connect to the endpoint URL: "http://127.0.0.1:9/data/a@b.csv"'
        in str(caught.value)
    )


def test_other_errors_pass(client):
    with pytest.raises(ZeroDivisionError), s3_errors(URL, client):
        raise ZeroDivisionError
