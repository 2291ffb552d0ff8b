from __future__ import annotations

import hashlib
import random
import socket
import traceback
from typing import TYPE_CHECKING

import pytest

from refinery.spec.urls import HttpUrl, S3Url
from refinery.storage import download_dataset
from refinery.storage.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    RemoteError,
    RequestRefusedError,
    ThrottledError,
)

if TYPE_CHECKING:
    from pathlib import Path

# Several chunks and a piece.
CONTENT = random.Random(0).randbytes(3_500_000)
OTHER_CONTENT = random.Random(1).randbytes(3_500_000)
HALF = 1_700_000


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def url(web_proxy, make_client, moto_url) -> HttpUrl:
    client = make_client(moto_url)
    client.create_bucket(Bucket="web")
    client.put_object(Bucket="web", Key="table one.csv", Body=CONTENT)
    client.put_bucket_acl(Bucket="web", ACL="public-read")
    client.put_object_acl(Bucket="web", Key="table one.csv", ACL="public-read")
    return HttpUrl(f"{web_proxy.url}/web/table%20one.csv")


@pytest.fixture
def download(folder, impatient):
    def no_client(_: S3Url):
        pytest.fail("a plain file needs no S3 client")

    return lambda url: download_dataset(url, folder, s3=no_client, policy=impatient)


def test_the_file_has_the_bytes_and_its_identity_says_so(download, url, folder):
    identity = download(url)
    assert (folder / "table one.csv").read_bytes() == CONTENT
    assert (identity.url, identity.file_name, identity.size) == (str(url), "table one.csv", len(CONTENT))
    assert identity.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert identity.etag == hashlib.md5(CONTENT).hexdigest()
    assert identity.last_modified.endswith("+00:00")
    assert files(folder) == ["table one.csv"]


def test_a_dropped_connection_is_resumed_where_it_broke(download, url, web_proxy, folder):
    web_proxy.plan(web_proxy.drop(HALF))
    download(url)
    assert web_proxy.ranges[0] is None
    assert web_proxy.ranges[1].startswith("bytes=")
    assert web_proxy.requests[1].headers["If-Range"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert (folder / "table one.csv").read_bytes() == CONTENT


def test_a_weak_etag_is_not_resumed_with(download, url, web_proxy, folder):
    """It does not promise the same bytes; the date does."""
    weak = web_proxy.with_headers(ETag='W/"version-1"')
    web_proxy.plan(web_proxy.both(weak, web_proxy.drop(HALF)), weak)
    assert download(url).etag == "version-1"
    assert web_proxy.requests[1].headers["If-Range"].endswith(" GMT")
    assert (folder / "table one.csv").read_bytes() == CONTENT


def test_a_server_without_validators_is_asked_anew(download, url, web_proxy, folder):
    def anonymous(answer) -> None:
        answer.replace(200, answer.body)
        answer.sent = HALF

    web_proxy.plan(anonymous)
    download(url)
    assert web_proxy.ranges == [None, None]
    assert (folder / "table one.csv").read_bytes() == CONTENT


def test_a_file_replaced_in_the_middle_is_read_anew(
    download, url, web_proxy, folder, *, make_client, moto_url
):
    def replace(_) -> None:
        make_client(moto_url).put_object(
            Bucket="web", Key="table one.csv", Body=OTHER_CONTENT, ACL="public-read"
        )

    web_proxy.plan(web_proxy.both(replace, web_proxy.drop(HALF)))
    download(url)
    assert (folder / "table one.csv").read_bytes() == OTHER_CONTENT


def test_a_compression_that_the_server_added_shows_in_the_suffix(download, url, web_proxy, folder):
    web_proxy.plan(web_proxy.with_headers(Content_Encoding="gzip"))
    assert download(url).file_name == "table one.csv.gz"
    assert (folder / "table one.csv.gz").read_bytes() == CONTENT


def test_a_server_that_tells_no_size_is_believed(download, url, web_proxy, folder):
    def endless(answer) -> None:
        del answer.headers["Content-Length"]
        answer.headers["Connection"] = "close"
        answer.sent = len(answer.body)

    web_proxy.plan(endless)
    assert download(url).size == len(CONTENT)


@pytest.mark.parametrize(
    ("status", "error", "says", "requests"),
    [
        (404, ObjectNotFoundError, "Check the address", 1),
        (410, ObjectNotFoundError, "Check the address", 1),
        (401, AccessDeniedError, "use a public one", 1),
        (403, AccessDeniedError, "use a public one", 1),
        (400, RequestRefusedError, "was refused", 1),
        (429, ThrottledError, "throttling", 3),
        (500, RemoteError, "failed", 3),
        (503, RemoteError, "failed", 3),
    ],
)
def test_refusals_and_faults(download, url, web_proxy, folder, *, status, error, says, requests):
    web_proxy.plan(*[web_proxy.refuse(status)] * 9)
    with pytest.raises(error, match=rf"{says}.*HTTP {status}") as caught:
        download(url)
    assert str(url) in str(caught.value)
    assert caught.value.retryable == (requests > 1)
    assert len(web_proxy.requests) == requests
    assert files(folder) == []


def test_no_server(download):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(RemoteError, match=r"cannot be reached") as caught:
            download(HttpUrl(f"http://127.0.0.1:{unused.getsockname()[1]}/table.csv"))
    assert caught.value.retryable
    assert "Check the address, and the network." in str(caught.value)
    assert "connection" not in str(caught.value).partition(" (")[0], "plain web addresses have none"


def test_a_page_that_redirects_for_ever_is_refused(download, url, web_proxy):
    def redirect(answer) -> None:
        answer.replace(302, b"", {"Location": str(url)})

    web_proxy.plan(*[redirect] * 99)
    with pytest.raises(RequestRefusedError, match="redirects"):
        download(url)


@pytest.mark.parametrize("port", [9, "nonsense"])
def test_a_redirect_to_a_presigned_url_that_fails_shows_no_signature(download, url, web_proxy, port):
    """Neither in the error nor in the traceback that a log shows with it."""

    def redirect(answer) -> None:
        presigned = f"http://127.0.0.1:{port}/table.csv?X-Amz-Credential=AKIA&X-Amz-Signature=5ec4e7"
        answer.replace(302, b"", {"Location": presigned})

    web_proxy.plan(*[redirect] * 9)
    with pytest.raises(RemoteError) as caught:
        download(url)
    shown = "".join(traceback.format_exception(caught.value))
    assert "5ec4e7" not in shown
    assert "AKIA" not in shown
