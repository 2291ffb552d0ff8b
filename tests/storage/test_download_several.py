from __future__ import annotations

import hashlib
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from refinery.spec.urls import HttpUrl, S3Url
from refinery.storage import download_datasets
from refinery.storage.errors import AccessDeniedError, ObjectChangedError, ObjectNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B, C = (S3Url("data", f"2026/{name}.csv") for name in "abc")
ALL = S3Url("data", "2026/*.csv")
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


@pytest.fixture
def put(client):
    """Store small objects that hold their own keys."""

    def put(*keys: str) -> None:
        for key in keys:
            client.put_object(Bucket="data", Key=key, Body=key.encode())

    return put


@pytest.fixture(autouse=True)
def stored(put) -> None:
    put("2026/b.csv", "2026/a.csv", "2026/c.csv")


@pytest.fixture
def download(proxied, folder, impatient):
    """Download files through the proxy into the folder."""
    return partial(download_datasets, directory=folder, s3=lambda _: proxied, policy=impatient)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@both_servers
class TestOrder:
    def test_a_list_is_read_in_its_own_order(self, download, folder):
        assert [identity.url for identity in download([C, A, B])] == [str(C), str(A), str(B)]
        assert contents(folder) == {"1-c.csv": C.key, "2-a.csv": A.key, "3-b.csv": B.key}

    def test_a_pattern_s_objects_stand_in_its_place_sorted_by_key(self, download, put):
        put("late/z.csv", "early/y.csv")
        identities = download([S3Url("data", "late/z.csv"), ALL, S3Url("data", "early/y.csv")])
        assert [identity.url.removeprefix("s3://data/") for identity in identities] == [
            "late/z.csv",
            "2026/a.csv",
            "2026/b.csv",
            "2026/c.csv",
            "early/y.csv",
        ]

    def test_the_files_names_sort_in_the_order_of_the_rows(self, download, put, folder):
        put(*(f"many/{number}.csv" for number in range(12)))
        identities = download([S3Url("data", "many/*.csv")])
        assert list(contents(folder)) == [identity.file_name for identity in identities]
        assert identities[1].file_name == "02-1.csv"


class TestIdentities:
    def test_each_file_has_its_own(self, download, folder):
        for url, identity in zip([A, B, C], download([ALL]), strict=True):
            assert identity.url == str(url)
            assert identity.sha256 == hashlib.sha256(url.key.encode()).hexdigest()
            assert identity.size == len(url.key)
            assert identity.etag == hashlib.md5(url.key.encode()).hexdigest()
            assert (folder / identity.file_name).read_text() == url.key

    @pytest.mark.parametrize("url", [A, S3Url("data", "2026/a*")])
    def test_a_single_file_keeps_its_name(self, download, folder, url):
        (identity,) = download([url])
        assert (identity.url, identity.file_name) == (str(A), "a.csv")
        assert contents(folder) == {"a.csv": A.key}

    def test_files_of_one_name_stay_apart(self, download, put, folder):
        put("eu/table.csv", "us/table.csv", "US/Table.csv")
        download(
            [S3Url("data", "us/table.csv"), S3Url("data", "eu/table.csv"), S3Url("data", "US/Table.csv")]
        )
        assert contents(folder) == {
            "1-table.csv": "us/table.csv",
            "2-table.csv": "eu/table.csv",
            "3-Table.csv": "US/Table.csv",
        }

    def test_a_compression_that_the_server_added_shows_in_the_suffix(self, download, client, folder):
        client.put_object(Bucket="data", Key="2026/b.csv", Body=b"\x1f\x8b", ContentEncoding="gzip")
        names = [identity.file_name for identity in download([ALL])]
        assert names == ["1-a.csv", "2-b.csv.gz", "3-c.csv"]
        assert sorted(path.name for path in folder.iterdir()) == names

    @pytest.mark.parametrize(
        "urls",
        [[A, B, C, A], [ALL, ALL], [A, ALL], [A, S3Url("data", A.key, "us-east-1"), B, C]],
        ids=["a URL twice", "a pattern twice", "a URL that a pattern fits", "a URL in two forms"],
    )
    def test_a_file_named_twice_is_read_once(self, download, urls, caplog):
        assert [identity.url for identity in download(urls)] == [str(A), str(B), str(C)]
        assert "more than once; each is read once" in caplog.text

    def test_a_key_that_holds_a_star_is_read_with_what_else_fits(self, download, put):
        put("odd/a*.csv", "odd/ab.csv")
        urls = [identity.url for identity in download([S3Url("data", "odd/a*.csv")])]
        assert urls == ["s3://data/odd/a*.csv", "s3://data/odd/ab.csv"]


class TestClients:
    def test_one_client_serves_all_files_of_a_bucket(self, client, folder, impatient):
        asked = []

        def s3(url):
            asked.append(url.bucket)
            return client

        if "more" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket="more")
        client.put_object(Bucket="more", Key="d.csv", Body=b"d")
        download_datasets([ALL, S3Url("more", "d.csv")], folder, s3=s3, policy=impatient)
        assert asked == ["data", "more"]

    def test_s3_and_plain_web_addresses_mix(self, moto_url, make_client, folder, impatient):
        client = make_client(moto_url)
        client.create_bucket(Bucket="public")
        client.put_object(Bucket="public", Key="b.csv", Body=b"b", ACL="public-read")
        client.put_object(Bucket="public", Key="a.csv", Body=b"a")
        urls = [HttpUrl(f"{moto_url}/public/b.csv"), S3Url("public", "a.csv")]
        download_datasets(urls, folder, s3=lambda _: client, policy=impatient)
        assert contents(folder) == {"1-b.csv": "b", "2-a.csv": "a"}


class TestFaults:
    def test_one_missing_file_is_named(self, download):
        with pytest.raises(ObjectNotFoundError, match=r"s3://data/2026/nope\.csv does not exist") as caught:
            download([A, S3Url("data", "2026/nope.csv"), B])
        assert not caught.value.retryable

    def test_a_pattern_that_fits_nothing_is_refused_before_anything_is_downloaded(self, download, folder):
        with pytest.raises(ObjectNotFoundError, match=r"s3://data/2025/\*\.csv"):
            download([A, S3Url("data", "2025/*.csv")])
        assert contents(folder) == {}

    def test_each_file_is_tried_again_by_itself(self, download, proxy, folder):
        faults = {
            A.key.encode(): [proxy.drop(3)],
            B.key.encode(): [proxy.refuse(503, "SlowDown"), proxy.drop(0)],
            C.key.encode(): [],
        }

        def spoil(answer) -> None:
            if planned := faults.get(answer.body):
                planned.pop(0)(answer)

        proxy.plan(*[spoil] * 99)
        download([ALL])
        assert contents(folder) == {"1-a.csv": A.key, "2-b.csv": B.key, "3-c.csv": C.key}
        names = sorted(request.name for request in proxy.requests[1:])
        assert names == ["a.csv"] * 2 + ["b.csv"] * 3 + ["c.csv"]

    def test_an_object_that_is_gone_since_it_was_listed_is_worth_another_try(
        self, download, proxy, client, folder
    ):
        proxy.plan(lambda _: client.delete_object(Bucket="data", Key=B.key))
        with pytest.raises(ObjectChangedError, match=r"s3://data/2026/b\.csv") as caught:
            download([ALL])
        assert caught.value.retryable


class TestRequestsAhead:
    """The next objects are requested while one is read."""

    @pytest.fixture(autouse=True)
    def no_thread_is_left(self) -> Iterator[None]:
        yield
        names = [thread.name for thread in threading.enumerate()]
        assert not [name for name in names if name.startswith("refinery-requester")]

    @both_servers
    def test_many_files_take_one_request_each(self, download, put, proxy, folder):
        keys = [f"many/{number:02}.csv" for number in range(25)]
        put(*keys)
        download([S3Url("data", "many/*.csv")])
        assert list(contents(folder).values()) == keys
        assert sorted(request.path.removeprefix("/data/") for request in proxy.requests[1:]) == keys

    def test_slow_answers_are_waited_for_together(self, download, put, proxy, folder):
        put(*(f"many/{number}.csv" for number in range(9)))
        started = time.monotonic()
        proxy.plan(None, *[lambda _: time.sleep(0.2)] * 9)
        download([S3Url("data", "many/*.csv")])
        assert len(contents(folder)) == 9
        assert time.monotonic() - started < 9 * 0.2

    def test_an_error_stops_the_others(self, download, put, proxy):
        put(*(f"many/{number}.csv" for number in range(25)))
        proxy.plan(None, *[proxy.refuse(403, "AccessDenied")] * 99)
        with pytest.raises(AccessDeniedError, match=r"many/0\.csv"):
            download([S3Url("data", "many/*.csv")])
        assert len(proxy.requests) < 12

    def test_an_answer_that_waited_for_long_is_requested_again(self, download, proxy, folder, monkeypatch):
        monkeypatch.setattr("refinery.storage.open_ahead._MOST_AGE", 0)
        download([A, B])
        assert contents(folder) == {"1-a.csv": A.key, "2-b.csv": B.key}
