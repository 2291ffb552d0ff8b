from __future__ import annotations

import json
import logging

import pytest

from refinery.spec.urls import S3Url
from refinery.storage import VersionedObject, delete_objects, read_versioned, replace_object
from refinery.storage.errors import AccessDeniedError, RemoteError, ThrottledError, WriteConflictError

URL = S3Url("data", "latest.json")
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


@pytest.fixture
def replace(proxied):
    """Replace the object through the proxy."""

    def replace(content: bytes, former: VersionedObject | None, url: S3Url = URL) -> None:
        replace_object(url, content, former=former, client=proxied, content_type="application/json")

    return replace


@pytest.fixture
def read(proxied):
    return lambda: read_versioned(URL, client=proxied)


@both_servers
def test_what_is_not_there_is_none(read):
    assert read() is None


@both_servers
def test_an_object_is_written_read_and_replaced(client, read, replace):
    replace(b"1", None)
    replace(b"2", read())
    assert read().content == b"2"
    assert client.head_object(Bucket="data", Key="latest.json")["ContentType"] == "application/json"


@both_servers
def test_what_does_not_belong_into_memory_is_refused_before_it_is_read(client, read):
    client.put_object(Bucket="data", Key="latest.json", Body=b" " * 20_000_001)
    with pytest.raises(RemoteError, match=r"20,000,001 bytes; at most 20,000,000 are read") as caught:
        read()
    assert not caught.value.retryable


class TestConditions:
    """On a server that enforces them."""

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
    with caplog.at_level(logging.WARNING, "refinery.storage"):
        replace(json.dumps({}).encode(), None)
    assert read().content == b"{}"
    assert "has no conditional writes" in caplog.text


def test_other_refusals_are_reported_as_they_are(proxy, replace):
    proxy.plan(proxy.refuse(403, "AccessDenied"))
    with pytest.raises(AccessDeniedError):
        replace(b"1", None)
    with pytest.raises(RemoteError, match=r"The bucket .* does not exist"):
        replace(b"1", None, S3Url("no-such-bucket", "latest.json"))


@both_servers
def test_objects_are_deleted_and_others_stay(client):
    for key in ("a/1", "a/2", "b"):
        client.put_object(Bucket="data", Key=key, Body=b"x")
    delete_objects([S3Url("data", key) for key in ("a/1", "a/2", "a/none")], client=client)
    assert [item["Key"] for item in client.list_objects_v2(Bucket="data")["Contents"]] == ["b"]


@both_servers
def test_a_thousand_are_deleted_with_one_request(proxy, proxied):
    delete_objects([S3Url("data", f"a/{number}") for number in range(1001)], client=proxied)
    assert len(proxy.requests) == 2


def test_deleting_none_takes_no_request(proxy, proxied):
    delete_objects([], client=proxied)
    assert proxy.requests == []


def test_a_refusal_of_one_object_is_named_with_its_key(proxy, proxied):
    body = b"<DeleteResult><Error><Key>a/1</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"
    proxy.plan(lambda answer: answer.replace(200, body, {"Content-Type": "application/xml"}))
    with pytest.raises(AccessDeniedError, match="s3://data/a/1"):
        delete_objects([S3Url("data", "a/1")], client=proxied)


def test_throttling_of_a_deletion_is_waited_out(client, proxy, proxied, impatient):
    client.put_object(Bucket="data", Key="a", Body=b"x")
    proxy.plan(proxy.refuse(503, "SlowDown"))
    delete_objects([S3Url("data", "a")], client=proxied, policy=impatient)
    assert "Contents" not in client.list_objects_v2(Bucket="data")


def test_refusals_of_the_whole_deletion_are_named(proxy, proxied, impatient):
    with pytest.raises(RemoteError, match=r"The bucket .* does not exist"):
        delete_objects([S3Url("no-such-bucket", "a")], client=proxied, policy=impatient)
    proxy.plan(*[proxy.refuse(503, "SlowDown")] * 9)
    with pytest.raises(ThrottledError):
        delete_objects([S3Url("data", "a")], client=proxied, policy=impatient)
