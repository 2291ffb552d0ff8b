"""Only one of several writers may use a prefix at a time, for as long as it renews its lease."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import pytest
from botocore.config import Config

from refinery.spec.urls import S3Url
from refinery.storage import LeaseTerms, leased, upload_model
from refinery.storage.errors import AccessDeniedError, PrefixBusyError
from tests.effort import effort

PREFIX = S3Url("data", "petrol/2026-01-31/")
KEY = PREFIX.key + ".refinery-lease"
IMPATIENT = LeaseTerms(timeout=0)
PAIRS = effort(20, 200)


@pytest.fixture
def hold(client, impatient):
    """Hold the lease, through another client where one is given."""
    return lambda terms=IMPATIENT, through=client: leased(
        PREFIX, client=through, policy=impatient, terms=terms
    )


@pytest.fixture
def is_there(client):
    return lambda: "Contents" in client.list_objects_v2(Bucket="data")


def test_it_is_there_as_long_as_the_block_lasts(hold, is_there):
    with hold():
        assert is_there()
    assert not is_there()


def test_it_is_given_back_when_the_block_fails(hold, is_there):
    with pytest.raises(SystemExit), hold():
        raise SystemExit
    assert not is_there()


def test_another_writer_is_told_who_holds_it(hold):
    with (
        hold(),
        pytest.raises(
            PrefixBusyError,
            match=r"Another run is writing to s3://data/petrol/2026-01-31/.* process \d+ on .* holds it",
        ) as caught,
        hold(),
    ):
        pytest.fail("two writers at once")
    assert caught.value.retryable


def test_another_writer_waits_until_it_is_given_back(hold):
    order = []

    def wait_for_it():
        with hold(LeaseTerms(timeout=60)):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with hold():
            waiting = pool.submit(wait_for_it)
            time.sleep(0.5)
            order.append("first")
        waiting.result()
    assert order == ["first", "second"]


def test_one_that_is_not_renewed_is_taken_over_by_the_servers_clock(client, hold, caplog):
    client.put_object(Bucket="data", Key=KEY, Body=json.dumps({"token": "dead", "holder": "a dead process"}))
    with pytest.raises(PrefixBusyError), hold(LeaseTerms(seconds=60, timeout=0)):
        pytest.fail("it holds still")
    time.sleep(2)
    with caplog.at_level(logging.WARNING, "refinery.storage"), hold(LeaseTerms(seconds=1, timeout=0)):
        pass
    assert "was left by a dead process" in caplog.text


def test_one_that_is_renewed_is_not_taken_over(client, hold):
    def renewed_at():
        return client.head_object(Bucket="data", Key=KEY)["LastModified"]

    with hold(LeaseTerms(seconds=3)):
        runs_out = renewed_at() + timedelta(seconds=3)
        while renewed_at() <= runs_out:
            time.sleep(0.1)
        with pytest.raises(PrefixBusyError), hold(LeaseTerms(seconds=3, timeout=0)):
            pytest.fail("two writers at once")


def test_a_writer_that_paused_for_too_long_learns_that_another_took_its_place(client, hold):
    terms = LeaseTerms(seconds=0.5)
    with hold(terms) as check:
        check()
        client.put_object(Bucket="data", Key=KEY, Body=b"another's")
        time.sleep(0.6)
        with pytest.raises(PrefixBusyError, match="paused for too long"):
            check()
    assert client.get_object(Bucket="data", Key=KEY)["Body"].read() == b"another's"


@pytest.mark.parametrize("request_number", [0, 1, 2])
def test_an_answer_that_is_lost_does_not_shut_its_writer_out(hold, is_there, proxy, proxied, request_number):
    """The request was done, and is done again: when it is taken, read at the end, and given back."""
    proxy.plan(*[None] * request_number, proxy.refuse(500, "InternalError"))
    with hold(through=proxied):
        assert is_there()
    assert not is_there()


def test_an_etag_that_is_another_when_it_is_read_is_no_other_writer(hold, is_there, proxy, proxied):
    """As with encryption by a key."""
    proxy.plan(proxy.with_headers(ETag='"0123456789abcdef0123456789abcdef"'))
    with hold(through=proxied):
        pass
    assert not is_there()


def test_one_that_may_not_be_made_is_an_error(hold, proxy, proxied):
    proxy.plan(proxy.refuse(403, "AccessDenied"))
    with pytest.raises(AccessDeniedError, match=r"\.refinery-lease"), hold(through=proxied):
        pytest.fail("not allowed")


def test_one_that_may_not_be_deleted_is_reported_and_runs_out(hold, is_there, proxy, proxied, caplog):
    proxy.plan(None, None, proxy.refuse(403, "AccessDenied"))
    with hold(through=proxied):
        pass
    assert "wait for 60 seconds" in caplog.text


@pytest.fixture
def two_clients(moto_url):
    """Two clients of one server."""
    clients = [
        boto3.client(
            "s3",
            endpoint_url=moto_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )
        for _ in range(2)
    ]
    clients[0].create_bucket(Bucket="pairs")
    return clients


def test_of_two_uploads_at_once_one_wins_whole(two_clients, tmp_path):
    """With each of twenty gaps between them; what the first one left is kept whole too."""
    folders = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.pkl").write_bytes(f"model {name}".encode())
        facts = {"model.pkl": {"sha256": hashlib.sha256(f"model {name}".encode()).hexdigest()}}
        (folder / "manifest.json").write_text(json.dumps({"files": facts}))
        folders.append(folder)
    barrier = threading.Barrier(2)

    def upload(number, which):
        barrier.wait()
        time.sleep(which * (number % 20) / 1000)
        upload_model(folders[which], S3Url("pairs", f"{number}/"), client=two_clients[which])

    client = two_clients[0]
    with ThreadPoolExecutor(2) as pool:
        for number in range(PAIRS):
            list(pool.map(upload, (number, number), (0, 1)))
            keys = [
                item["Key"]
                for item in client.list_objects_v2(Bucket="pairs", Prefix=f"{number}/")["Contents"]
            ]
            bodies = {key: client.get_object(Bucket="pairs", Key=key)["Body"].read() for key in keys}
            models = {
                key.removesuffix("manifest.json"): json.loads(body)["files"]["model.pkl"]["sha256"]
                for key, body in bodies.items()
                if key.endswith("manifest.json")
            }
            assert len(models) == 2, keys
            assert len(set(models.values())) == 2
            for prefix, sha256 in models.items():
                assert hashlib.sha256(bodies[f"{prefix}model.pkl"]).hexdigest() == sha256
            assert len(bodies) == 4
