"""A problem of an Airflow connection is reported with its name, and without its secrets."""

from __future__ import annotations

import json

import pytest

from refinery.connections import (
    ConnectionUnavailableError,
    preload_client,
    s3_client,
)
from refinery.errors import RefineryError
from refinery.service_data import ServiceFiles
from refinery.spec.urls import S3Url

URL = S3Url("datasets", "table.csv")
ROLE = "arn:aws:iam::123456789012:role/training"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def connect(monkeypatch):
    """Make a client from a connection with this extra."""

    def connect(**extra):
        connection = {"conn_type": "aws", "login": "key", "password": "s3cr3t", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DATA", json.dumps(connection))
        return s3_client("aws_data", URL)

    return connect


def test_a_connection_leads_to_its_endpoint(connect):
    assert connect(endpoint_url=NOWHERE).meta.endpoint_url == NOWHERE


def test_clients_read_what_aws_says_of_its_services_once(connect, monkeypatch):
    preload_client()
    read = []
    load = ServiceFiles.load_file
    monkeypatch.setattr(ServiceFiles, "load_file", lambda self, path: read.append(path) or load(self, path))
    assert connect(endpoint_url=NOWHERE, region_name="eu-west-3").meta.region_name == "eu-west-3"
    assert read == []


def test_one_that_is_missing_is_named():
    with pytest.raises(RefineryError, match='no Airflow connection "aws_nowhere"'):
        s3_client("aws_nowhere", URL)


@pytest.mark.parametrize(
    "extra",
    [
        {"endpoint_url": "http://user:p4ssw0rd@127.0.0.1:9"},
        {"endpoint_url": "http://p4ssw0rd@"},
        {"service_config": {"s3": {"endpoint_url": "http://user:p4ssw0rd@127.0.0.1:9"}}},
    ],
)
def test_an_endpoint_with_a_password_is_refused_without_repeating_it(connect, extra):
    with pytest.raises(RefineryError, match="Keep only the address there") as caught:
        connect(**extra)
    assert "p4ssw0rd" not in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"endpoint_url": "127.0.0.1:9000"}, "Invalid endpoint: 127.0.0.1:9000. Check its extra"),
        ({"profile_name": "nope"}, "profile .nope. could not be found"),
        ({"role_arn": "nope"}, "RoleArn"),
        ({"config_kwargs": {"nope": 1}}, "unexpected keyword argument 'nope'"),
        ({"role_arn": ROLE, "assume_role_method": "nope"}, "assume_role_method='nope'"),
    ],
)
def test_what_cannot_be_used_is_reported_once(connect, extra, says):
    with pytest.raises(RefineryError, match=f'connection "aws_data" gives no access.*{says}') as caught:
        connect(**extra)
    assert not caught.value.retryable
    assert "s3cr3t" not in str(caught.value)


def test_a_role_that_cannot_be_had_now_is_tried_again(connect):
    with pytest.raises(ConnectionUnavailableError, match="Could not connect") as caught:
        connect(
            role_arn=ROLE,
            region_name="us-east-1",
            service_config={"sts": {"endpoint_url": NOWHERE}},
            config_kwargs={"retries": {"total_max_attempts": 1}},
        )
    assert caught.value.retryable
