"""Large files are received over several connections, with the promises that hold for one."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.spec.urls import HttpUrl, S3Url
from refinery.storage import download_dataset
from refinery.storage.errors import RemoteError, StorageError
from refinery.storage.upload import upload_file
from tests.effort import effort

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = S3Url("data", "large.bin")
RANGE = 500_000
CONTENT = random.Random(0).randbytes(6 * RANGE + 1_234)
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch) -> None:
    """Do with few bytes what is done with many."""
    monkeypatch.setattr("refinery.storage.read_ahead._LEAST_BYTES_AHEAD", 0)
    monkeypatch.setattr("refinery.storage.read_ahead._LEAST_BYTES_IN_RANGES", 2 * RANGE)
    monkeypatch.setattr("refinery.storage.read_ahead._RANGE_BYTES", RANGE)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("refinery-receiver")]


@pytest.fixture(autouse=True)
def stored(client) -> None:
    client.put_object(Bucket="data", Key=URL.key, Body=CONTENT)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def on_ranges(fault, most: int = 999):
    """Let a fault spoil the first answers to whole ranges, and no others."""
    left = iter(range(most))

    def spoil(answer) -> None:
        if (
            answer.status == 206
            and len(answer.body) in (RANGE, len(CONTENT) % RANGE)
            and next(left, None) is not None
        ):
            fault(answer)

    return spoil


@both_servers
class TestRanges:
    def test_they_make_the_file(self, download, proxy, folder):
        identity = download(URL)
        assert (folder / "large.bin").read_bytes() == CONTENT
        assert identity.sha256 == hashlib.sha256(CONTENT).hexdigest()
        starts = range(RANGE, len(CONTENT), RANGE)
        ranges = [f"bytes={start}-{min(start + RANGE, len(CONTENT)) - 1}" for start in starts]
        assert sorted(filter(None, proxy.ranges)) == sorted(ranges)
        conditions = {request.headers.get("If-Match") for request in proxy.requests}
        assert conditions == {None, f'"{identity.etag}"'}

    def test_wrong_bytes_are_noticed(self, download, proxy, folder):
        proxy.plan(*[on_ranges(proxy.flip(100), most=1)] * 99)
        download(URL)
        assert proxy.ranges.count(None) == 2
        assert (folder / "large.bin").read_bytes() == CONTENT

    def test_an_object_replaced_in_the_middle_is_never_mixed(self, download, proxy, client, folder):
        other = random.Random(1).randbytes(len(CONTENT))

        def replace(_) -> None:
            client.put_object(Bucket="data", Key=URL.key, Body=other)

        proxy.plan(*[None] * 3, *[on_ranges(replace, most=1)] * 99)
        identity = download(URL)
        content = (folder / "large.bin").read_bytes()
        assert content in (CONTENT, other)
        assert identity.etag == hashlib.md5(content).hexdigest()


class TestFaults:
    @settings(
        max_examples=effort(6, 60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    @given(
        faults=st.lists(
            st.tuples(st.sampled_from(["drop", "shorten", "pass"]), st.integers(0, RANGE)), max_size=8
        )
    )
    def test_broken_connections_lose_and_double_no_byte(self, download, proxy, folder, faults):
        planned = [None if name == "pass" else getattr(proxy, name)(at) for name, at in faults]
        proxy.plan(None, *(fault and on_ranges(fault) for fault in planned))
        try:
            identity = download(URL)
        except RemoteError:
            assert len(faults) > 2
            return
        assert (folder / "large.bin").read_bytes() == CONTENT
        assert identity.sha256 == hashlib.sha256(CONTENT).hexdigest()

    def test_a_range_that_breaks_goes_on_where_it_broke(self, download, proxy, folder):
        """Without a wait, and without another request for the rest of the object."""
        proxy.plan(*[on_ranges(proxy.drop(RANGE // 2), most=1)] * 99)
        download(URL)
        assert (folder / "large.bin").read_bytes() == CONTENT
        assert proxy.ranges.count(None) == 1
        assert len(proxy.requests) == 1 + 6 + 1

    @pytest.mark.parametrize(
        "refuse",
        [
            lambda proxy: proxy.refuse(501, "NotImplemented"),
            lambda proxy: proxy.refuse(503, "SlowDown"),
            lambda proxy: proxy.refuse(403, "AccessDenied"),
            lambda proxy: lambda answer: answer.replace(200, CONTENT, {"ETag": answer.headers["ETag"]}),
            lambda proxy: proxy.with_headers(ETag='"other-version"'),
        ],
        ids=["not supported", "throttled", "denied", "ignored", "another version"],
    )
    def test_a_server_without_ranges_is_read_with_one_request(self, download, proxy, folder, refuse):
        proxy.plan(*[on_ranges(refuse(proxy))] * 99)
        download(URL)
        assert (folder / "large.bin").read_bytes() == CONTENT
        assert proxy.ranges.count(None) == 1

    def test_without_an_etag_there_are_no_ranges(self, download, proxy, folder):
        def anonymous(answer) -> None:
            del answer.headers["ETag"]

        proxy.plan(anonymous)
        download(URL)
        assert proxy.ranges == [None]
        assert (folder / "large.bin").read_bytes() == CONTENT

    def test_the_rest_after_a_break_comes_in_ranges_too(self, download, proxy, folder):
        proxy.plan(proxy.drop(RANGE // 2))
        download(URL)
        assert (folder / "large.bin").read_bytes() == CONTENT

    def test_faults_that_last_are_given_up_and_leave_nothing(self, download, proxy, folder):
        proxy.plan(None, None, *[proxy.drop(10)] * 99)
        with pytest.raises(RemoteError, match=f"connection broke while {URL}") as caught:
            download(URL)
        assert caught.value.retryable
        assert files(folder) == []

    def test_a_write_that_fails_leaves_nothing(self, download, folder):
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * RANGE, former[1]))
        try:
            with pytest.raises(
                StorageError, match=r"large\.bin could not be read or written: File too large"
            ):
                download(URL)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)
        assert files(folder) == []


class StopError(Exception):
    """What Airflow raises in the main thread."""


class TestStop:
    """It ends promptly, though a connection is silent, and leaves no thread and no file."""

    @pytest.fixture(autouse=True)
    def stopped_soon(self) -> Iterator[None]:
        def stop(*_: object) -> None:
            raise StopError

        former = signal.signal(signal.SIGTERM, stop)
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        started = time.monotonic()
        yield
        signal.signal(signal.SIGTERM, former)
        assert time.monotonic() - started < 1.5

    @pytest.mark.parametrize("passing", [0, 1], ids=["the request that opened it", "its ranges"])
    def test_of_an_object(self, download, proxy, folder, passing):
        proxy.plan(*[None] * passing, *[proxy.fall_silent(1_000)] * 99)
        with pytest.raises(StopError):
            download(URL)
        assert files(folder) == []

    def test_of_a_web_server_s_file(self, client, web_proxy, folder, impatient):
        client.put_object_acl(Bucket="data", Key=URL.key, ACL="public-read")
        web_proxy.plan(web_proxy.fall_silent(1_000))
        with pytest.raises(StopError):
            download_dataset(
                HttpUrl(f"{web_proxy.url}/data/large.bin"), folder, s3=pytest.fail, policy=impatient
            )
        assert files(folder) == []


def test_memory_is_bounded(nanio, make_client, peak_memory, folder, tmp_path):
    """What is received ahead included."""
    client = make_client(nanio.endpoint_url)
    with (tmp_path / "large.bin").open("wb") as sparse:
        sparse.truncate(120 << 20)
    upload_file(tmp_path / "large.bin", S3Url("models", "bounded.bin"), client=client)
    code = f"download_dataset(S3Url('models', 'bounded.bin'), Path({str(folder)!r}), s3=lambda _: client)"
    assert peak_memory(code) < 150
