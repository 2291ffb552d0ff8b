from __future__ import annotations

import hashlib
import os
import random
import socket
from typing import TYPE_CHECKING

import pytest

from refinery.spec.urls import S3Url
from refinery.storage import RetryPolicy, download_dataset
from refinery.storage.errors import (
    AccessDeniedError,
    DataCorruptedError,
    ObjectChangedError,
    ObjectNotFoundError,
    RemoteError,
    RequestRefusedError,
    ThrottledError,
)

if TYPE_CHECKING:
    from pathlib import Path

# Several chunks and a piece.
CONTENT = random.Random(0).randbytes(3_500_000)
HALF = 1_700_000
URL = S3Url("data", "folder/table.csv.gz")
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


class Clock:
    """Records the time that was slept."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def stored(client) -> None:
    client.put_object(Bucket="data", Key=URL.key, Body=CONTENT)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestRefusedAtOnce:
    """What trying again cannot help is asked for once, and the error names it."""

    @both_servers
    def test_missing_object(self, download, proxy, folder):
        proxy.plan()
        with pytest.raises(
            ObjectNotFoundError, match=r"s3://data/nope\.csv does not exist.*127\.0\.0\.1"
        ) as caught:
            download(S3Url("data", "nope.csv"))
        assert not caught.value.retryable
        assert len(proxy.requests) == 1
        assert files(folder) == []

    @both_servers
    def test_missing_bucket(self, download, proxy):
        with pytest.raises(
            RemoteError, match=r'bucket "no-such-bucket" of s3://no-such-bucket/k\.csv'
        ) as caught:
            download(S3Url("no-such-bucket", "k.csv"))
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("status", "code", "error", "says"),
        [
            (403, "AccessDenied", AccessDeniedError, "gives the same answer for a missing object"),
            (403, "", AccessDeniedError, "denied"),
            (403, "InvalidAccessKeyId", RemoteError, "access key and secret"),
            (403, "SignatureDoesNotMatch", RemoteError, "access key and secret"),
            (403, "InvalidObjectState", RemoteError, "archived"),
            (404, "", ObjectNotFoundError, "does not exist"),
            (400, "SomethingNew", RequestRefusedError, "SomethingNew: said by the proxy"),
        ],
    )
    def test_refusals(self, download, proxy, folder, *, status, code, error, says):
        proxy.plan(proxy.refuse(status, code))
        with pytest.raises(error, match=says) as caught:
            download(URL)
        assert caught.type is error
        assert not caught.value.retryable
        assert str(URL) in str(caught.value)
        assert len(proxy.requests) == 1
        assert files(folder) == []

    def test_wrong_secret(self, nanio, make_client, folder, impatient):
        client = make_client(nanio.endpoint_url, secret="wrong-secret")
        with pytest.raises(RemoteError, match=r"were rejected") as caught:
            download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert "wrong-secret" not in str(caught.value)

    def test_no_credentials_are_named_as_the_cause(self, nanio, make_client, folder, impatient, monkeypatch):
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        client = make_client(nanio.endpoint_url, key=None, secret=None)
        with pytest.raises(RemoteError, match="no credentials, so the request was anonymous"):
            download_dataset(URL, folder, s3=lambda _: client, policy=impatient)


class TestTriedAgain:
    def test_throttled_twice_then_fine(self, download, proxy, folder):
        proxy.plan(proxy.refuse(503, "SlowDown"), proxy.refuse(429))
        download(URL)
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert len(proxy.requests) == 3

    @both_servers
    def test_a_dropped_connection_is_resumed_where_it_broke(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF))
        identity = download(URL)
        first, second = proxy.requests
        resumed_at = int(second.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        assert "Range" not in first.headers
        assert 0 < resumed_at <= HALF
        assert second.headers["If-Match"] == f'"{identity.etag}"'
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert identity.sha256 == hashlib.sha256(CONTENT).hexdigest()

    def test_it_may_break_again(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF), proxy.drop(HALF // 2))
        download(URL)
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert len(set(proxy.ranges)) == 3

    @both_servers
    def test_wrong_bytes_are_asked_for_anew(self, download, proxy, folder):
        proxy.plan(proxy.flip(HALF))
        download(URL)
        assert proxy.ranges == [None, None]
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    @both_servers
    def test_wrong_bytes_in_a_resumed_rest_are_noticed(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF), proxy.flip(100))
        download(URL)
        assert len(proxy.requests) == 3
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    @both_servers
    def test_a_body_that_is_too_short_is_noticed(self, download, proxy, folder):
        proxy.plan(proxy.shorten(HALF))
        download(URL)
        assert len(proxy.requests) == 2
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    @both_servers
    @pytest.mark.parametrize("size", [3_500_000, 10])
    def test_an_object_replaced_in_the_middle_is_read_anew(self, download, proxy, client, folder, size):
        other = random.Random(1).randbytes(size)

        def replace(_) -> None:
            client.put_object(Bucket="data", Key=URL.key, Body=other)

        proxy.plan(proxy.both(replace, proxy.drop(HALF)))
        identity = download(URL)
        assert (folder / "table.csv.gz").read_bytes() == other
        assert identity.etag == hashlib.md5(other).hexdigest()

    def test_a_piece_of_another_version_is_never_taken(self, download, proxy, folder):
        """Even where the server does not mind If-Match, and no checksum would tell."""
        other_version = proxy.with_headers(ETag='"other-version"')
        anonymous = proxy.with_headers(ETag='"this-version"', x_amz_checksum_crc32="")
        proxy.plan(proxy.both(anonymous, proxy.drop(HALF)), other_version)
        download(URL)
        assert [range_ is None for range_ in proxy.ranges] == [True, False, True]

    def test_a_server_that_sends_less_than_was_asked_for_is_asked_for_the_rest(self, download, proxy, folder):
        def shorten_piece(answer) -> None:
            start, _, _ = answer.headers["Content-Range"].removeprefix("bytes ").partition("-")
            answer.body = answer.body[:1000]
            answer.headers["Content-Length"] = "1000"
            answer.headers["Content-Range"] = f"bytes {start}-{int(start) + 999}/{len(CONTENT)}"

        proxy.plan(proxy.drop(HALF), shorten_piece)
        download(URL)
        first, *others = proxy.ranges
        assert first is None
        assert len(others) == 2
        assert all(others)
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_an_object_deleted_in_the_middle_is_missing(self, download, proxy, client, folder):
        def delete(_) -> None:
            client.delete_object(Bucket="data", Key=URL.key)

        proxy.plan(proxy.both(delete, proxy.drop(HALF)))
        with pytest.raises(ObjectNotFoundError):
            download(URL)
        assert files(folder) == []

    def test_a_server_that_sends_all_again_is_understood(self, download, proxy, folder):
        def whole(answer) -> None:
            answer.replace(200, CONTENT, {"ETag": answer.headers["ETag"]})

        proxy.plan(proxy.drop(HALF), whole)
        download(URL)
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_the_clients_own_retries_come_first(self, proxy, download, make_client, folder, impatient):
        client = make_client(proxy.url, attempts=2)
        proxy.plan(proxy.refuse(503, "SlowDown"))
        download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert len(proxy.requests) == 2


class TestThrottledForLong:
    """The policy's own waits, on a clock that no one waits for."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def patient(self, clock) -> RetryPolicy:
        return RetryPolicy(sleep=clock.sleep)

    def test_a_minute_is_waited_out(self, proxied, proxy, folder, clock, patient):
        def throttle(answer) -> None:
            if clock.now < 60:
                proxy.refuse(503, "SlowDown")(answer)

        proxy.plan(*[throttle] * 999)
        download_dataset(URL, folder, s3=lambda _: proxied, policy=patient)
        assert clock.now >= 60
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_without_an_end_it_is_left_to_airflow(self, proxied, proxy, folder, clock, patient):
        proxy.plan(*[proxy.refuse(503, "SlowDown")] * 999)
        with pytest.raises(
            ThrottledError, match="Run again later, or run fewer pipelines at the same time"
        ) as caught:
            download_dataset(URL, folder, s3=lambda _: proxied, policy=patient)
        assert caught.value.retryable
        assert 60 < clock.now < 200

    def test_other_faults_are_not_waited_for_so_long(self, proxied, proxy, folder, clock, patient):
        proxy.plan(*[proxy.refuse(500, "InternalError")] * 999)
        with pytest.raises(RemoteError, match=r"server of .* failed"):
            download_dataset(URL, folder, s3=lambda _: proxied, policy=patient)
        assert len(proxy.requests) == patient.attempts


class TestSlow:
    def test_a_body_that_falls_silent_is_given_up_and_resumed(self, proxy, make_client, folder, impatient):
        client = make_client(proxy.url, read_timeout=0.5)
        proxy.plan(proxy.fall_silent(HALF))
        download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert [range_ is None for range_ in proxy.ranges] == [True, False]
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_a_slow_but_steady_body_is_read_to_its_end(self, proxy, make_client, folder, impatient):
        """It takes twice the time that silence may last."""
        client = make_client(proxy.url, read_timeout=1)
        proxy.plan(proxy.drip(0.2))
        download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert len(proxy.requests) == 1
        assert (folder / "table.csv.gz").read_bytes() == CONTENT


class TestLeftToAirflow:
    """What the same client cannot fix, but another moment, connection or worker can: the next try of the task."""

    def test_credentials_that_expire_in_mid_run(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF), *[proxy.refuse(400, "ExpiredToken")] * 9)
        with pytest.raises(
            RemoteError,
            match=r"have expired\. Renew the session token .*ExpiredToken: said by the proxy",
        ) as caught:
            download(URL)
        assert caught.value.retryable
        assert len(proxy.requests) == 2
        assert files(folder) == []

    def test_a_clock_that_is_wrong(self, download, proxy, folder):
        proxy.plan(*[proxy.refuse(403, "RequestTimeTooSkewed")] * 9)
        with pytest.raises(RemoteError, match="Set the worker's clock") as caught:
            download(URL)
        assert caught.value.retryable
        assert len(proxy.requests) == 1
        assert files(folder) == []


class TestGivenUp:
    """When the attempts run out the error is retryable, and no part of the file is left."""

    @pytest.mark.parametrize(
        ("fault", "error", "says"),
        [
            (("refuse", 503, "SlowDown"), ThrottledError, "throttling"),
            (("refuse", 500, "InternalError"), RemoteError, "failed"),
            (("refuse", 503, ""), RemoteError, "failed"),
            (("refuse", 400, "RequestTimeout"), RemoteError, "connection broke"),
            (("drop", 10), RemoteError, "connection broke"),
            # The server lies about the size, and only its checksum tells.
            (("shorten", 10), DataCorruptedError, "do not match"),
            (("flip", 10), DataCorruptedError, "do not match"),
            (("refuse", 412, "PreconditionFailed"), ObjectChangedError, "was replaced"),
        ],
    )
    def test_faults_that_last(self, download, proxy, folder, *, fault, error, says):
        method, *arguments = fault
        proxy.plan(*[getattr(proxy, method)(*arguments)] * 9)
        with pytest.raises(error, match=says) as caught:
            download(URL)
        assert str(URL) in str(caught.value)
        assert caught.value.retryable
        assert len(proxy.requests) == 3
        assert files(folder) == []

    def test_no_server(self, make_client, folder, impatient):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
            client = make_client(endpoint)
            with pytest.raises(RemoteError, match=endpoint) as caught:
                download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert caught.value.retryable

    def test_a_former_file_stays_as_it_was(self, download, proxy, folder):
        download(URL)
        proxy.plan(*[proxy.drop(10)] * 9)
        with pytest.raises(RemoteError, match=r"connection broke"):
            download(URL)
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert files(folder) == ["table.csv.gz"]
