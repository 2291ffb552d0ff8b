"""Small objects that are kept in a folder: never an old one, never a damaged one, never more than asked for."""

from __future__ import annotations

import os

import pytest

from refinery.spec.urls import S3Url
from refinery.storage import ObjectCache, list_prefix

URL = S3Url("data", "manifest.json")


@pytest.fixture
def put(client):
    """Write the object and return its ETag, as a listing gives it."""

    def put(content: bytes, url: S3Url = URL) -> str | None:
        client.put_object(Bucket=url.bucket, Key=url.key, Body=content)
        (item,) = list_prefix(url, client=client)
        return item.etag

    return put


@pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)
def test_an_object_is_kept_until_it_is_replaced(client, put, tmp_path):
    cache = ObjectCache(tmp_path / "cache")
    etag = put(b"first")
    assert cache.read(URL, etag, client=client) == b"first"
    client.delete_object(Bucket=URL.bucket, Key=URL.key)
    assert cache.read(URL, etag, client=client) == b"first"
    assert cache.read(URL, put(b"second"), client=client) == b"second"


def test_an_object_that_is_replaced_after_it_was_listed_is_kept_as_what_it_is(client, put, tmp_path):
    cache = ObjectCache(tmp_path)
    former = put(b"first")
    later = put(b"second")
    assert cache.read(URL, former, client=client) == b"second"
    put(b"first")
    assert cache.read(URL, former, client=client) == b"first"
    assert cache.read(URL, later, client=client) == b"second"


def test_without_an_etag_it_is_read_from_s3(client, put, tmp_path):
    cache = ObjectCache(tmp_path)
    put(b"first")
    assert cache.read(URL, None, client=client) == b"first"
    put(b"second")
    assert cache.read(URL, None, client=client) == b"second"
    client.delete_object(Bucket=URL.bucket, Key=URL.key)
    assert cache.read(URL, None, client=client) is None


@pytest.mark.parametrize("damage", [b"", b"not zlib", None])
def test_what_is_damaged_is_read_again(client, put, tmp_path, damage):
    cache = ObjectCache(tmp_path)
    etag = put(b"content" * 100)
    cache.read(URL, etag, client=client)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)
    assert cache.read(URL, etag, client=client) == b"content" * 100


def test_a_folder_that_cannot_be_written_keeps_nothing(client, put, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with ObjectCache(tmp_path / "file" / "cache") as cache:
        assert cache.read(URL, put(b"first"), client=client) == b"first"


def test_what_was_not_used_for_the_longest_time_goes_first(client, put, tmp_path):
    urls = [S3Url("data", f"{name}/manifest.json") for name in "abc"]
    etags = {url: put(os.urandom(1000), url) for url in urls}
    with ObjectCache(tmp_path, most_bytes=2500) as cache:
        for url in (*urls, urls[0]):
            cache.read(url, etags[url], client=client)
        for url in urls:
            client.delete_object(Bucket=url.bucket, Key=url.key)
    assert [cache.read(url, etags[url], client=client) is not None for url in urls] == [True, False, True]
