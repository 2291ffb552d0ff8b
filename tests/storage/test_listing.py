from __future__ import annotations

from dataclasses import replace

import pytest

from refinery.spec.urls import S3Url
from refinery.storage.errors import AccessDeniedError, ObjectNotFoundError, RemoteError, ThrottledError
from refinery.storage.listing import list_objects, list_prefix

PATTERN = S3Url("data", "2026/*.csv", "eu-west-3")
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


@pytest.fixture
def put(client):
    """Store small objects under these keys."""

    def put(*keys: str) -> None:
        for key in keys:
            client.put_object(Bucket="data", Key=key, Body=key.encode())

    return put


@pytest.fixture
def two_a_page(proxied):
    """Have two keys listed a page."""

    def two_a_page(params, **_) -> None:
        params["MaxKeys"] = 2

    proxied.meta.events.register("provide-client-params.s3.ListObjectsV2", two_a_page)
    yield
    proxied.meta.events.unregister("provide-client-params.s3.ListObjectsV2", two_a_page)


@pytest.fixture
def fitting(proxied, impatient, two_a_page):
    """List the keys that fit a pattern, through the proxy, two keys a page."""

    def fitting(key: str) -> list[str]:
        urls = list_objects(replace(PATTERN, key=key), client=proxied, policy=impatient)
        return [url.key for url in urls]

    return fitting


@both_servers
class TestWhatFits:
    def test_the_objects_are_sorted_by_key_and_keep_bucket_and_region(self, put, client):
        put("2026/b.csv", "2026/a.csv", "2026/B.csv", "2026/a10.csv", "2026/a9.csv")
        keys = ["2026/B.csv", "2026/a.csv", "2026/a10.csv", "2026/a9.csv", "2026/b.csv"]
        assert list_objects(PATTERN, client=client) == [S3Url("data", key, "eu-west-3") for key in keys]

    def test_they_are_sorted_where_the_server_lists_in_no_order_as_directory_buckets_do(
        self, put, make_client, endpoint
    ):
        put("2026/a.csv", "2026/b.csv", "2026/c.csv")
        client = make_client(endpoint, attempts=2)

        def reverse(parsed, **_) -> None:
            parsed["Contents"].reverse()

        client.meta.events.register("after-call.s3.ListObjectsV2", reverse)
        keys = [url.key for url in list_objects(PATTERN, client=client)]
        client.meta.events.unregister("after-call.s3.ListObjectsV2", reverse)
        assert keys == ["2026/a.csv", "2026/b.csv", "2026/c.csv"]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("2026/*.csv", ["2026/.csv", "2026/a.csv", "2026/b-1.csv"]),
            ("2026/*", ["2026/.csv", "2026/a.csv", "2026/a.csv.gz", "2026/b-1.csv"]),
            ("2026/*-*.csv", ["2026/b-1.csv"]),
            ("2026/a.csv*", ["2026/a.csv", "2026/a.csv.gz"]),
            ("2026/**", ["2026/.csv", "2026/a.csv", "2026/a.csv.gz", "2026/b-1.csv"]),
            ("*.csv", ["top.csv"]),
            ("2026/01/*", ["2026/01/c.csv"]),
        ],
    )
    def test_a_star_is_any_text_in_the_last_part_and_enters_no_subfolder(
        self, put, fitting, pattern, expected
    ):
        put(
            "2026/a.csv",
            "2026/.csv",
            "2026/b-1.csv",
            "2026/a.csv.gz",
            "2026/01/c.csv",
            "2025/d.csv",
            "top.csv",
        )
        assert fitting(pattern) == expected

    @pytest.mark.parametrize("key", ["2026/[1] a+b.csv", "2026/{x}?(1).csv", "2026/données août 😀.csv"])
    def test_no_other_character_is_special(self, put, fitting, key):
        put(key, "2026/1 a+b.csv", "2026/{x}y(1).csv", "2026/donnees aout.csv")
        assert fitting(key.replace(".csv", "*")) == [key]

    def test_many_stars_take_no_time(self, put, fitting):
        put("2026/" + "a" * 200)
        with pytest.raises(ObjectNotFoundError, match=r"No object matches"):
            fitting("2026/" + "*a" * 100 + "*b")


def test_a_folder_s_own_marker_is_no_file(put, client):
    put("2026/", "2026/a.csv")
    urls = list_objects(S3Url("data", "2026/*"), client=client)
    assert [url.key for url in urls] == ["2026/a.csv"]


class TestPages:
    def test_more_objects_than_a_page_holds_are_all_found(self, nanio, make_client):
        keys = [f"2026/{number}.csv" for number in range(1005)]
        (nanio.data / "many" / "2026").mkdir(parents=True)
        for key in keys:
            (nanio.data / "many" / key).touch()
        urls = list_objects(S3Url("many", "2026/*.csv"), client=make_client(nanio.endpoint_url))
        assert [url.key for url in urls] == sorted(keys)

    def test_a_page_that_failed_is_asked_for_again_and_no_other(self, put, fitting, proxy):
        put("2026/a.csv", "2026/b.csv", "2026/c.csv")
        proxy.plan(None, proxy.refuse(503, "SlowDown"), proxy.drop(10))
        assert fitting("2026/*.csv") == ["2026/a.csv", "2026/b.csv", "2026/c.csv"]
        first, *again = [request.path for request in proxy.requests]
        assert len(set(again)) == 1
        assert len(again) == 3
        assert first not in again

    def test_the_attempts_run_out(self, put, fitting, proxy):
        put("2026/a.csv")
        proxy.plan(*[proxy.refuse(503, "SlowDown")] * 9)
        with pytest.raises(ThrottledError, match=r"s3://data/2026/\*\.csv") as caught:
            fitting("2026/*.csv")
        assert caught.value.retryable
        assert len(proxy.requests) == 3

    def test_no_more_pages_are_read_than_the_bound_needs(self, put, proxied, proxy, fitting):
        put(*(f"2026/{name}.csv" for name in "abcdefgh"))
        proxy.plan()
        with pytest.raises(RemoteError, match=r"(?s)s3://data/2026/\*\.csv.*Narrow.*more than 3") as caught:
            list_objects(PATTERN, client=proxied, most=3)
        assert not caught.value.retryable
        assert len(proxy.requests) == 2
        assert len(list_objects(PATTERN, client=proxied, most=8)) == 8


class TestNothingToList:
    def test_when_nothing_fits_the_error_says_what_was_looked_for_and_what_is_there(self, put, fitting):
        put("2026/part-0.CSV", "2026/part-1.csv.gz", "2026/part-2.txt", "2026/part-3.txt", "2026/x")
        with pytest.raises(ObjectNotFoundError, match=r"No object matches") as caught:
            fitting("2026/part-*.csv")
        assert not caught.value.retryable
        text = str(caught.value)
        assert text.startswith("No object matches s3://data/2026/part-*.csv.")
        assert (
            'bucket "data" holds 2026/part-0.CSV, 2026/part-1.csv.gz, 2026/part-2.txt under prefix "2026/part-", '
            'looked for "part-*.csv"' in text
        )

    def test_an_empty_prefix_is_distinguished_from_one_without_matches(self, put, fitting):
        put("2025/a.csv", "2026/01/a.csv")
        with pytest.raises(ObjectNotFoundError, match='bucket "data" holds nothing under prefix "2026/"'):
            fitting("2026/*.csv")

    def test_a_missing_bucket_is_named(self, client):
        with pytest.raises(RemoteError, match="no-such-bucket"):
            list_objects(S3Url("no-such-bucket", "*.csv"), client=client)

    def test_a_reader_who_may_not_list_gets_an_error_that_says_so(self, fitting, proxy):
        proxy.plan(proxy.refuse(403, "AccessDenied"))
        with pytest.raises(AccessDeniedError, match=r"s3:ListBucket.*name each object"):
            fitting("2026/*.csv")
        assert len(proxy.requests) == 1


def test_a_prefix_is_listed_whole_with_its_subfolders(proxied, impatient, put):
    put("churn/1/model.pkl", "churn/1/rejected/x/card.html", "churn/latest.json", "churn.txt", "wine/1")
    found = list(list_prefix(S3Url("data", "churn/"), client=proxied, policy=impatient))
    assert {item.key: item.size for item in found} == {
        "churn/1/model.pkl": 17,
        "churn/1/rejected/x/card.html": 28,
        "churn/latest.json": 17,
    }
    assert all(item.last_modified.tzinfo for item in found)


def test_a_prefix_of_many_objects_takes_a_request_for_each_page(proxy, proxied, impatient, put, two_a_page):
    put(*(f"churn/{number}" for number in range(5)))
    proxy.plan()
    found = list(list_prefix(S3Url("data", "churn/"), client=proxied, policy=impatient))
    assert len(found) == 5
    assert len(proxy.requests) == 3


def test_a_prefix_that_may_not_be_listed_is_reported(proxy, proxied, impatient):
    proxy.plan(proxy.refuse(403, "AccessDenied"))
    with pytest.raises(AccessDeniedError, match="s3://data/churn/"):
        list(list_prefix(S3Url("data", "churn/"), client=proxied, policy=impatient))
