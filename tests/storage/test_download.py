from __future__ import annotations

import hashlib
import os
import random
import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from include.storage import DatasetIdentity, download_dataset, download_object, read_object
from include.storage.download import local_file_name
from include.storage.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ConnectionDroppedError,
    CredentialsError,
    DataCorruptedError,
    EndpointUnreachableError,
    HttpAccessDeniedError,
    LocalFileError,
    ObjectArchivedError,
    ObjectChangedError,
    ObjectNotFoundError,
    RemoteError,
    RequestRefusedError,
    ServerFailedError,
    ThrottledError,
)
from include.urls import HttpUrl, S3Url

if TYPE_CHECKING:
    from pathlib import Path

# Several chunks and a piece.
CONTENT = random.Random(0).randbytes(3_500_000)
OTHER_CONTENT = random.Random(1).randbytes(3_500_000)
HALF = 1_700_000
URL = S3Url("data", "folder/table.csv.gz")


@pytest.fixture
def download(proxied, client, folder, impatient):
    """Put the content on the server, and give a function that downloads it through the proxy."""
    client.put_object(Bucket="data", Key=URL.key, Body=CONTENT)

    def download(url: S3Url = URL) -> DatasetIdentity:
        return download_dataset(url, folder, s3=lambda _: proxied, policy=impatient)

    return download


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


class TestIntact:
    def test_the_file_has_the_bytes_and_its_identity_says_so(self, download, client, folder):
        identity = download()
        head = client.head_object(Bucket="data", Key=URL.key)
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert identity == DatasetIdentity(
            url="s3://data/folder/table.csv.gz",
            file_name="table.csv.gz",
            size=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            etag=hashlib.md5(CONTENT).hexdigest(),
            last_modified=head["LastModified"].isoformat(),
        )
        assert files(folder) == ["table.csv.gz"]

    def test_one_request_is_enough(self, download, proxy):
        proxy.plan()
        download()
        assert [request.method for request in proxy.requests] == ["GET"]

    def test_an_empty_object_gives_an_empty_file(self, download, client, folder):
        client.put_object(Bucket="data", Key="empty.csv", Body=b"")
        assert download(S3Url("data", "empty.csv")).size == 0
        assert (folder / "empty.csv").read_bytes() == b""

    def test_a_new_download_takes_the_place_of_the_last(self, download, client, folder):
        download()
        client.put_object(Bucket="data", Key=URL.key, Body=b"new")
        download()
        assert (folder / "table.csv.gz").read_bytes() == b"new"

    @pytest.mark.parametrize(
        ("key", "file_name"),
        [
            ("with space.csv", "with space.csv"),
            ("déjà/données – août.csv", "données – août.csv"),
            ("a+b&d=e;f,g.csv", "a+b&d=e;f,g.csv"),
            ("year=2026/month=01/part-0.snappy.parquet", "part-0.snappy.parquet"),
            ("😀.csv.zst", "😀.csv.zst"),
        ],
    )
    def test_any_key_can_be_read(self, download, client, folder, key, file_name):
        client.put_object(Bucket="data", Key=key, Body=b"1")
        assert download(S3Url("data", key)).file_name == file_name
        assert (folder / file_name).read_bytes() == b"1"

    def test_a_multipart_object_can_be_read(self, download, client, folder):
        upload = client.create_multipart_upload(Bucket="data", Key="parts.csv")["UploadId"]
        pieces = [CONTENT + CONTENT, b"end"]
        parts = [
            {
                "PartNumber": number,
                "ETag": client.upload_part(
                    Bucket="data", Key="parts.csv", UploadId=upload, PartNumber=number, Body=piece
                )["ETag"],
            }
            for number, piece in enumerate(pieces, start=1)
        ]
        client.complete_multipart_upload(
            Bucket="data", Key="parts.csv", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        assert download(S3Url("data", "parts.csv")).etag.endswith("-2")
        assert (folder / "parts.csv").read_bytes() == b"".join(pieces)

    def test_a_compression_that_the_server_added_shows_in_the_suffix(self, download, client, folder):
        client.put_object(Bucket="data", Key="table.csv", Body=b"\x1f\x8b...", ContentEncoding="gzip")
        assert download(S3Url("data", "table.csv")).file_name == "table.csv.gz"
        assert files(folder) == ["table.csv.gz"]

    def test_a_file_placed_by_hand_in_the_local_server_can_be_read(
        self, nanio, folder, make_client, impatient
    ):
        (nanio.data / "models" / "placed.csv").write_bytes(CONTENT)
        client = make_client(nanio.endpoint_url)
        identity = download_dataset(
            S3Url("models", "placed.csv"), folder, s3=lambda _: client, policy=impatient
        )
        assert (identity.size, identity.etag) == (len(CONTENT), None)


class TestKeyOfOneKilobyte:
    def test_its_file_has_a_short_name_with_the_same_suffixes(self, moto_url, make_client, folder, impatient):
        client = make_client(moto_url)
        client.create_bucket(Bucket="long")
        key = "k" * (1024 - len(".csv.gz")) + ".csv.gz"
        client.put_object(Bucket="long", Key=key, Body=b"1")
        name = download_dataset(S3Url("long", key), folder, s3=lambda _: client, policy=impatient).file_name
        assert name.endswith(".csv.gz")
        assert len(name) < 100
        assert files(folder) == [name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("..", "dataset"),
        (".", "dataset"),
        ("", "dataset"),
        ("a/../b.csv", "a_.._b.csv"),
        ("..\\..\\b.csv", ".._.._b.csv"),
        ("a\x00b\n.csv", "a_b_.csv"),
        (".hidden.csv", ".hidden.csv"),
    ],
)
def test_a_file_name_never_leads_elsewhere(name, expected):
    assert local_file_name(name) == expected


class TestRefusedAtOnce:
    """What trying again cannot help is asked for once, and the error names it."""

    def test_missing_object(self, download, proxy, folder):
        proxy.plan()
        with pytest.raises(
            ObjectNotFoundError, match=r"s3://data/nope\.csv does not exist.*127\.0\.0\.1"
        ) as caught:
            download(S3Url("data", "nope.csv"))
        assert not caught.value.retryable
        assert len(proxy.requests) == 1
        assert files(folder) == []

    def test_missing_bucket(self, download, proxy):
        with pytest.raises(
            BucketNotFoundError, match='bucket "no-such-bucket" of s3://no-such-bucket/k.csv'
        ) as caught:
            download(S3Url("no-such-bucket", "k.csv"))
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("status", "code", "error", "says"),
        [
            (403, "AccessDenied", AccessDeniedError, "also answers so for a missing object"),
            (403, "", AccessDeniedError, "denied"),
            (403, "InvalidAccessKeyId", CredentialsError, "access key and secret"),
            (403, "SignatureDoesNotMatch", CredentialsError, "access key and secret"),
            (400, "ExpiredToken", CredentialsError, "ExpiredToken"),
            (403, "RequestTimeTooSkewed", CredentialsError, "clock"),
            (403, "InvalidObjectState", ObjectArchivedError, "archived"),
            (404, "", ObjectNotFoundError, "does not exist"),
            (400, "SomethingNew", RequestRefusedError, "SomethingNew: said by the proxy"),
        ],
    )
    def test_refusals(self, download, proxy, folder, status, code, error, says):
        proxy.plan(proxy.refuse(status, code))
        with pytest.raises(error, match=says) as caught:
            download()
        assert caught.type is error
        assert not caught.value.retryable
        assert str(URL) in str(caught.value)
        assert len(proxy.requests) == 1
        assert files(folder) == []

    def test_wrong_secret(self, nanio, make_client, folder, impatient):
        client = make_client(nanio.endpoint_url, secret="wrong-secret")
        with pytest.raises(CredentialsError) as caught:
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
        download()
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert len(proxy.requests) == 3

    def test_a_dropped_connection_is_resumed_where_it_broke(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF))
        identity = download()
        first, second = proxy.requests
        resumed_at = int(second.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        assert "Range" not in first.headers
        assert 0 < resumed_at <= HALF
        assert second.headers["If-Match"] == f'"{identity.etag}"'
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert identity.sha256 == hashlib.sha256(CONTENT).hexdigest()

    def test_it_may_break_again(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF), proxy.drop(HALF // 2))
        download()
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert len(set(proxy.ranges)) == 3

    def test_wrong_bytes_are_asked_for_anew(self, download, proxy, folder):
        proxy.plan(proxy.flip(HALF))
        download()
        assert proxy.ranges == [None, None]
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_wrong_bytes_in_a_resumed_rest_are_noticed(self, download, proxy, folder):
        proxy.plan(proxy.drop(HALF), proxy.flip(100))
        download()
        assert len(proxy.requests) == 3
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_a_body_that_is_too_short_is_noticed(self, download, proxy, folder):
        proxy.plan(proxy.shorten(HALF))
        download()
        assert len(proxy.requests) == 2
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_an_object_replaced_in_the_middle_is_read_anew(self, download, proxy, client, folder):
        def replace() -> None:
            client.put_object(Bucket="data", Key=URL.key, Body=OTHER_CONTENT)

        proxy.plan(proxy.both(replace, proxy.drop(HALF)))
        identity = download()
        assert (folder / "table.csv.gz").read_bytes() == OTHER_CONTENT
        assert identity.etag == hashlib.md5(OTHER_CONTENT).hexdigest()

    def test_an_object_deleted_in_the_middle_is_missing(self, download, proxy, client, folder):
        def delete() -> None:
            client.delete_object(Bucket="data", Key=URL.key)

        proxy.plan(proxy.both(delete, proxy.drop(HALF)))
        with pytest.raises(ObjectNotFoundError):
            download()
        assert files(folder) == []

    def test_a_server_that_sends_all_again_is_understood(self, download, proxy, folder):
        def whole(answer) -> None:
            answer.replace(200, CONTENT, {"ETag": answer.headers["ETag"]})

        proxy.plan(proxy.drop(HALF), whole)
        download()
        assert (folder / "table.csv.gz").read_bytes() == CONTENT

    def test_the_clients_own_retries_come_first(self, proxy, download, make_client, folder, impatient):
        client = make_client(proxy.url, attempts=2)
        proxy.plan(proxy.refuse(503, "SlowDown"))
        download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert len(proxy.requests) == 2


class TestGivenUp:
    """When the attempts run out the error is retryable, and no part of the file is left."""

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (("refuse", 503, "SlowDown"), ThrottledError),
            (("refuse", 500, "InternalError"), ServerFailedError),
            (("refuse", 503, ""), ServerFailedError),
            (("refuse", 400, "RequestTimeout"), ConnectionDroppedError),
            (("drop", 10), ConnectionDroppedError),
            (("shorten", 10), ConnectionDroppedError),
            (("flip", 10), DataCorruptedError),
            (("refuse", 412, "PreconditionFailed"), ObjectChangedError),
        ],
    )
    def test_faults_that_last(self, download, proxy, folder, fault, error):
        method, *arguments = fault
        proxy.plan(*[getattr(proxy, method)(*arguments)] * 9)
        if method == "shorten":
            # The server lies about the size, and only its checksum tells.
            error = DataCorruptedError
        with pytest.raises(error, match=r"s3://data/folder/table\.csv\.gz") as caught:
            download()
        assert caught.value.retryable
        assert len(proxy.requests) == 3
        assert files(folder) == []

    def test_no_server(self, make_client, folder, impatient):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
            client = make_client(endpoint)
            with pytest.raises(EndpointUnreachableError, match=endpoint) as caught:
                download_dataset(URL, folder, s3=lambda _: client, policy=impatient)
        assert caught.value.retryable

    def test_a_former_file_stays_as_it_was(self, download, proxy, folder):
        download()
        proxy.plan(*[proxy.drop(10)] * 9)
        with pytest.raises(ConnectionDroppedError):
            download()
        assert (folder / "table.csv.gz").read_bytes() == CONTENT
        assert files(folder) == ["table.csv.gz"]

    def test_a_missing_folder_is_made(self, client, tmp_path, impatient):
        client.put_object(Bucket="data", Key="a.csv", Body=b"1")
        target = tmp_path / "new" / "folder"
        download_dataset(S3Url("data", "a.csv"), target, s3=lambda _: client, policy=impatient)
        assert files(target) == ["a.csv"]

    def test_a_folder_that_cannot_be_made_is_named(self, client, tmp_path, impatient):
        (tmp_path / "file").write_text("")
        with pytest.raises(LocalFileError, match=str(tmp_path / "file")):
            download_dataset(URL, tmp_path / "file" / "folder", s3=lambda _: client, policy=impatient)


class TestPlainHttp:
    @pytest.fixture
    def url(self, web_proxy, make_client, moto_url) -> HttpUrl:
        client = make_client(moto_url)
        client.create_bucket(Bucket="web")
        client.put_object(Bucket="web", Key="table one.csv", Body=CONTENT)
        client.put_bucket_acl(Bucket="web", ACL="public-read")
        client.put_object_acl(Bucket="web", Key="table one.csv", ACL="public-read")
        return HttpUrl(f"{web_proxy.url}/web/table%20one.csv")

    @pytest.fixture
    def download(self, folder, impatient):
        def no_client(_: S3Url):
            pytest.fail("a plain file needs no S3 client")

        return lambda url: download_dataset(url, folder, s3=no_client, policy=impatient)

    def test_the_file_has_the_bytes_and_its_identity_says_so(self, download, url, folder):
        identity = download(url)
        assert (folder / "table one.csv").read_bytes() == CONTENT
        assert (identity.url, identity.file_name, identity.size) == (str(url), "table one.csv", len(CONTENT))
        assert identity.sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert identity.etag == hashlib.md5(CONTENT).hexdigest()
        assert identity.last_modified.endswith("+00:00")
        assert files(folder) == ["table one.csv"]

    def test_a_dropped_connection_is_resumed_where_it_broke(self, download, url, web_proxy, folder):
        web_proxy.plan(web_proxy.drop(HALF))
        download(url)
        assert web_proxy.ranges[0] is None
        assert web_proxy.ranges[1].startswith("bytes=")
        assert web_proxy.requests[1].headers["If-Range"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
        assert (folder / "table one.csv").read_bytes() == CONTENT

    def test_a_server_without_validators_is_asked_anew(self, download, url, web_proxy, folder):
        def anonymous(answer) -> None:
            answer.replace(200, answer.body)
            answer.sent = HALF

        web_proxy.plan(anonymous)
        download(url)
        assert web_proxy.ranges == [None, None]
        assert (folder / "table one.csv").read_bytes() == CONTENT

    def test_a_file_replaced_in_the_middle_is_read_anew(
        self, download, url, web_proxy, make_client, moto_url, folder
    ):
        def replace() -> None:
            make_client(moto_url).put_object(
                Bucket="web", Key="table one.csv", Body=OTHER_CONTENT, ACL="public-read"
            )

        web_proxy.plan(web_proxy.both(replace, web_proxy.drop(HALF)))
        download(url)
        assert (folder / "table one.csv").read_bytes() == OTHER_CONTENT

    def test_a_compression_that_the_server_added_shows_in_the_suffix(self, download, url, web_proxy, folder):
        web_proxy.plan(web_proxy.with_headers(Content_Encoding="gzip"))
        assert download(url).file_name == "table one.csv.gz"
        assert (folder / "table one.csv.gz").read_bytes() == CONTENT

    def test_a_server_that_tells_no_size_is_believed(self, download, url, web_proxy, folder):
        def endless(answer) -> None:
            del answer.headers["Content-Length"]
            answer.headers["Connection"] = "close"
            answer.sent = len(answer.body)

        web_proxy.plan(endless)
        assert download(url).size == len(CONTENT)

    @pytest.mark.parametrize(
        ("status", "error", "requests"),
        [
            (404, ObjectNotFoundError, 1),
            (410, ObjectNotFoundError, 1),
            (401, HttpAccessDeniedError, 1),
            (403, HttpAccessDeniedError, 1),
            (400, RequestRefusedError, 1),
            (429, ThrottledError, 3),
            (500, ServerFailedError, 3),
            (503, ServerFailedError, 3),
        ],
    )
    def test_refusals_and_faults(self, download, url, web_proxy, folder, status, error, requests):
        web_proxy.plan(*[web_proxy.refuse(status)] * 9)
        with pytest.raises(error, match=f"HTTP {status}") as caught:
            download(url)
        assert str(url) in str(caught.value)
        assert caught.value.retryable == (requests > 1)
        assert len(web_proxy.requests) == requests
        assert files(folder) == []

    def test_no_server(self, download):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            with pytest.raises(EndpointUnreachableError) as caught:
                download(HttpUrl(f"http://127.0.0.1:{unused.getsockname()[1]}/table.csv"))
        assert caught.value.retryable

    def test_a_page_that_redirects_for_ever_is_refused(self, download, url, web_proxy):
        def redirect(answer) -> None:
            answer.replace(302, b"", {"Location": str(url)})

        web_proxy.plan(*[redirect] * 99)
        with pytest.raises(RequestRefusedError, match="redirects"):
            download(url)


class TestOtherReads:
    def test_an_object_is_read_into_memory(self, client, proxied, proxy, impatient):
        client.put_object(Bucket="data", Key="manifest.json", Body=b'{"a": 1}')
        proxy.plan(proxy.drop(3))
        assert read_object(S3Url("data", "manifest.json"), client=proxied, policy=impatient) == b'{"a": 1}'

    def test_an_object_is_downloaded_to_a_named_file(self, client, folder, impatient):
        client.put_object(Bucket="data", Key="x/model.pkl", Body=CONTENT)
        identity = download_object(
            S3Url("data", "x/model.pkl"), folder / "m.pkl", client=client, policy=impatient
        )
        assert (folder / "m.pkl").read_bytes() == CONTENT
        assert (identity.url, identity.file_name) == ("s3://data/x/model.pkl", "m.pkl")


def test_memory_does_not_grow_with_the_object(nanio, folder):
    """Ten times the bytes, the same peak."""
    script = textwrap.dedent(f"""
        import resource, sys
        from pathlib import Path
        import boto3
        from include.storage import download_dataset
        from include.urls import S3Url
        client = boto3.client("s3", endpoint_url={nanio.endpoint_url!r}, region_name="us-east-1",
                              aws_access_key_id="refinery", aws_secret_access_key="refinery-local")
        download_dataset(S3Url("models", sys.argv[1]), Path({str(folder)!r}), s3=lambda _: client)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """)
    peaks = []
    for megabytes in (20, 200):
        name = f"{megabytes}.bin"
        with (nanio.data / "models" / name).open("wb") as sparse:
            sparse.truncate(megabytes << 20)
        output = subprocess.run(
            [sys.executable, "-c", script, name],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        ).stdout
        peaks.append(int(output) >> (20 if sys.platform == "darwin" else 10))
        assert (folder / name).stat().st_size == megabytes << 20
    small, large = peaks
    assert large - small < 40
