from __future__ import annotations

import pytest

from include.storage import delete_objects
from include.storage.errors import AccessDeniedError, BucketNotFoundError, ThrottledError
from include.urls import S3Url


def test_objects_are_deleted_and_others_stay(client):
    for key in ("a/1", "a/2", "b"):
        client.put_object(Bucket="data", Key=key, Body=b"x")
    delete_objects([S3Url("data", key) for key in ("a/1", "a/2", "a/none")], client=client)
    assert [item["Key"] for item in client.list_objects_v2(Bucket="data")["Contents"]] == ["b"]


def test_a_thousand_go_at_a_request(proxy, proxied):
    delete_objects([S3Url("data", f"a/{number}") for number in range(1001)], client=proxied)
    assert len(proxy.requests) == 2


def test_none_takes_no_request(proxy, proxied):
    delete_objects([], client=proxied)
    assert proxy.requests == []


def test_a_refusal_of_one_object_is_told_with_its_key(proxy, proxied):
    body = b"<DeleteResult><Error><Key>a/1</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"
    proxy.plan(lambda answer: answer.replace(200, body, {"Content-Type": "application/xml"}))
    with pytest.raises(AccessDeniedError, match="s3://data/a/1"):
        delete_objects([S3Url("data", "a/1")], client=proxied)


def test_throttling_is_waited_out(client, proxy, proxied, impatient):
    client.put_object(Bucket="data", Key="a", Body=b"x")
    proxy.plan(proxy.refuse(503, "SlowDown"))
    delete_objects([S3Url("data", "a")], client=proxied, policy=impatient)
    assert "Contents" not in client.list_objects_v2(Bucket="data")


def test_refusals_of_the_whole_request_are_told(proxy, proxied, impatient):
    with pytest.raises(BucketNotFoundError):
        delete_objects([S3Url("no-such-bucket", "a")], client=proxied, policy=impatient)
    proxy.plan(*[proxy.refuse(503, "SlowDown")] * 9)
    with pytest.raises(ThrottledError):
        delete_objects([S3Url("data", "a")], client=proxied, policy=impatient)
