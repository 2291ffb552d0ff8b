from __future__ import annotations

import json
import logging

import pytest

from include.storage import VersionedObject, read_versioned, replace_object
from include.storage.errors import AccessDeniedError, BucketNotFoundError, WriteConflictError
from include.urls import S3Url

URL = S3Url("data", "latest.json")


@pytest.fixture
def replace(proxied):
    """Replace the object through the proxy."""

    def replace(content: bytes, former: VersionedObject | None, url: S3Url = URL) -> None:
        replace_object(url, content, former=former, client=proxied, content_type="application/json")

    return replace


@pytest.fixture
def read(proxied):
    return lambda: read_versioned(URL, client=proxied)


def test_what_is_not_there_is_none(read):
    assert read() is None


def test_an_object_is_written_read_and_replaced(client, read, replace):
    replace(b"1", None)
    replace(b"2", read())
    assert read().content == b"2"
    assert client.head_object(Bucket="data", Key="latest.json")["ContentType"] == "application/json"


class TestConditions:
    """On a server that enforces them."""

    @pytest.fixture
    def endpoint(self, moto_url):
        return moto_url

    def test_the_first_write_loses_against_another_first_one(self, client, replace, read):
        client.put_object(Bucket="data", Key="latest.json", Body=b"other")
        with pytest.raises(WriteConflictError, match=r"s3://data/latest\.json was replaced") as caught:
            replace(b"mine", None)
        assert caught.value.retryable
        assert read().content == b"other"

    def test_a_write_loses_against_one_since_the_read(self, client, replace, read):
        replace(b"1", None)
        former = read()
        client.put_object(Bucket="data", Key="latest.json", Body=b"other")
        with pytest.raises(WriteConflictError):
            replace(b"mine", former)
        assert read().content == b"other"

    def test_a_write_loses_against_a_deletion_since_the_read(self, client, replace, read):
        replace(b"1", None)
        former = read()
        client.delete_object(Bucket="data", Key="latest.json")
        with pytest.raises(WriteConflictError):
            replace(b"mine", former)
        assert read() is None

    def test_a_write_that_meets_another_on_its_way_loses(self, proxy, replace):
        proxy.plan(proxy.refuse(409, "ConditionalRequestConflict"))
        with pytest.raises(WriteConflictError):
            replace(b"mine", None)

    def test_the_condition_is_the_etag_that_was_read(self, proxy, replace, read):
        replace(b"1", None)
        former = read()
        replace(b"2", former)
        puts = [request.headers for request in proxy.requests if request.method == "PUT"]
        assert puts[0]["If-None-Match"] == "*"
        assert puts[1]["If-Match"] == former.etag


def test_a_server_that_refuses_conditions_is_written_to_without(proxy, replace, read, caplog):
    proxy.plan(proxy.refuse(501, "NotImplemented"))
    with caplog.at_level(logging.WARNING, "include.storage"):
        replace(json.dumps({}).encode(), None)
    assert read().content == b"{}"
    assert "knows no conditional writes" in caplog.text


def test_other_refusals_are_told_as_they_are(proxy, replace):
    proxy.plan(proxy.refuse(403, "AccessDenied"))
    with pytest.raises(AccessDeniedError):
        replace(b"1", None)
    with pytest.raises(BucketNotFoundError):
        replace(b"1", None, S3Url("no-such-bucket", "latest.json"))
