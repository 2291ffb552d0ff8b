from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from refinery.storage import DatasetIdentity, describe_dataset, read_identity, write_identity
from refinery.storage.errors import StorageError

IDENTITY = DatasetIdentity(
    url="s3://data/déjà vu.csv",
    file_name="déjà vu.csv",
    size=3,
    sha256="0" * 64,
    etag="abc",
    last_modified="2026-01-31T12:00:00+00:00",
)


SECOND = DatasetIdentity(url="s3://data/b.csv", file_name="2-b.csv", size=40, sha256="1" * 64)


@pytest.mark.parametrize("files", [[IDENTITY], [IDENTITY, SECOND], [SECOND, IDENTITY]])
def test_they_are_read_back_as_written(tmp_path, files):
    write_identity(files, tmp_path / "dataset.json")
    assert read_identity(tmp_path / "dataset.json") == files
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.json"]


def test_one_file_and_many_are_written_in_one_shape(tmp_path):
    write_identity([IDENTITY], tmp_path / "dataset.json")
    assert json.loads((tmp_path / "dataset.json").read_bytes()) == {"files": [IDENTITY.to_dict()]}


def test_it_survives_json():
    assert DatasetIdentity.from_dict(json.loads(json.dumps(IDENTITY.to_dict()))) == IDENTITY


def test_keys_of_a_newer_version_are_left_out():
    assert DatasetIdentity.from_dict(IDENTITY.to_dict() | {"rows": 3}) == IDENTITY


class TestDescription:
    def test_a_single_file_is_described_by_its_own_identity(self):
        assert describe_dataset([IDENTITY]) == IDENTITY.to_dict()

    def test_several_are_described_each_and_together(self):
        hashes = ("0" * 64 + "\n" + "1" * 64 + "\n").encode()
        assert describe_dataset([IDENTITY, SECOND]) == {
            "files": [IDENTITY.to_dict(), SECOND.to_dict()],
            "size": 43,
            "sha256": hashlib.sha256(hashes).hexdigest(),
        }

    def test_another_order_of_the_rows_is_another_dataset(self):
        forth, back = describe_dataset([IDENTITY, SECOND]), describe_dataset([SECOND, IDENTITY])
        assert forth["sha256"] != back["sha256"]

    def test_where_the_files_lie_does_not_change_the_common_hash(self):
        moved = replace(SECOND, url="s3://elsewhere/b.csv", etag="new", file_name="b.csv")
        assert describe_dataset([IDENTITY, moved])["sha256"] == describe_dataset([IDENTITY, SECOND])["sha256"]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"url": "s3://b/k"}',
        '{"files": []}',
        '{"files": 1}',
        '{"files": [{"url": "s3://b/k"}]}',
        '{"files": ["s3://b/k"]}',
        b"\xff",
    ],
)
def test_a_missing_or_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "dataset.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StorageError, match=r"dataset\.json does not name the dataset") as caught:
        read_identity(path)
    assert not caught.value.retryable
