"""Clients know of S3, and of where its credentials come from, what AWS says of them."""

from __future__ import annotations

import boto3
import pytest

from refinery.service_data import service_data

REGIONS = [
    "us-east-1",
    "eu-west-3",
    "ap-southeast-5",
    "cn-north-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "mars-1",
]


def session(*, ours: bool) -> boto3.Session:
    made = boto3.Session("key", "secret", region_name="us-east-1")
    if ours:
        made._session.register_component("data_loader", service_data(None))
    return made


@pytest.fixture(scope="module")
def sessions():
    return session(ours=True), session(ours=False)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", ["s3", "sts", "sso", "sso-oidc"])
def test_endpoints_are_those_of_botocore(sessions, service, region):
    ours, theirs = (each.client(service, region_name=region) for each in sessions)
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url
    assert ours.meta.partition == theirs.meta.partition


def test_operations_and_their_pages_are_those_of_botocore(sessions):
    ours, theirs = (each.client("s3") for each in sessions)
    assert ours.meta.service_model.operation_names == theirs.meta.service_model.operation_names
    ours, theirs = (client.get_paginator("list_objects_v2") for client in (ours, theirs))
    assert [key.expression for key in ours.result_keys] == [key.expression for key in theirs.result_keys]


def test_own_descriptions_are_found(tmp_path):
    folder = tmp_path / "own" / "2026-01-31"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"metadata": {"serviceId": "own", "documentation": "long"}}')
    description = service_data(str(tmp_path)).load_service_model("own", "service-2")
    assert description == {"metadata": {"serviceId": "own", "documentation": ""}}
