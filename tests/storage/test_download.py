from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from refinery.spec.urls import S3Url
from refinery.storage import DatasetIdentity, download_dataset, download_object, read_object
from refinery.storage.download import local_file_name
from refinery.storage.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

# Several chunks and a piece.
CONTENT = random.Random(0).randbytes(3_500_000)
URL = S3Url("data", "folder/table.csv.gz")
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


@pytest.fixture
def stored(client) -> None:
    client.put_object(Bucket="data", Key=URL.key, Body=CONTENT)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@both_servers
@pytest.mark.usefixtures("stored")
class TestIntact:
    def test_the_file_has_the_bytes_and_its_identity_says_so(self, download, client, folder):
        identity = download(URL)
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
        download(URL)
        assert [request.method for request in proxy.requests] == ["GET"]

    def test_an_empty_object_gives_an_empty_file(self, download, client, folder):
        client.put_object(Bucket="data", Key="empty.csv", Body=b"")
        assert download(S3Url("data", "empty.csv")).size == 0
        assert (folder / "empty.csv").read_bytes() == b""

    def test_a_new_download_takes_the_place_of_the_last(self, download, client, folder):
        download(URL)
        client.put_object(Bucket="data", Key=URL.key, Body=b"new")
        download(URL)
        assert (folder / "table.csv.gz").read_bytes() == b"new"

    @pytest.mark.parametrize(
        ("key", "file_name"),
        [
            ("with space.csv", "with space.csv"),
            ("déjà/données août.csv", "données août.csv"),
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


def test_a_file_placed_by_hand_in_the_local_server_can_be_read(nanio, folder, make_client, impatient):
    (nanio.data / "models" / "placed.csv").write_bytes(CONTENT)
    client = make_client(nanio.endpoint_url)
    identity = download_dataset(S3Url("models", "placed.csv"), folder, s3=lambda _: client, policy=impatient)
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


class TestFolder:
    def test_a_missing_folder_is_made(self, client, tmp_path, impatient):
        client.put_object(Bucket="data", Key="a.csv", Body=b"1")
        target = tmp_path / "new" / "folder"
        download_dataset(S3Url("data", "a.csv"), target, s3=lambda _: client, policy=impatient)
        assert files(target) == ["a.csv"]

    def test_a_folder_that_cannot_be_made_is_named(self, client, tmp_path, impatient):
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=str(tmp_path / "file")):
            download_dataset(URL, tmp_path / "file" / "folder", s3=lambda _: client, policy=impatient)


@both_servers
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


def test_memory_does_not_grow_with_the_object(nanio, peak_memory, folder):
    """Ten times the bytes, the same peak."""

    def peak(megabytes: int) -> int:
        with (nanio.data / "models" / "large.bin").open("wb") as sparse:
            sparse.truncate(megabytes << 20)
        megabytes_peak = peak_memory(
            f"download_dataset(S3Url('models', 'large.bin'), Path({str(folder)!r}), s3=lambda _: client)"
        )
        assert (folder / "large.bin").stat().st_size == megabytes << 20
        return megabytes_peak

    assert peak(200) - peak(20) < 40
