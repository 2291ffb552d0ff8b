from __future__ import annotations

import json

import pytest

from include.storage import DatasetIdentity, read_identity, write_identity
from include.storage.errors import IdentityUnreadableError

IDENTITY = DatasetIdentity(
    url="s3://data/déjà vu.csv",
    file_name="déjà vu.csv",
    size=3,
    sha256="0" * 64,
    etag="abc",
    last_modified="2026-01-31T12:00:00+00:00",
)


def test_it_is_read_back_as_written(tmp_path):
    write_identity(IDENTITY, tmp_path / "dataset.json")
    assert read_identity(tmp_path / "dataset.json") == IDENTITY
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.json"]


def test_it_survives_json():
    assert DatasetIdentity.from_dict(json.loads(json.dumps(IDENTITY.to_dict()))) == IDENTITY


def test_keys_of_a_newer_version_are_left_out():
    assert DatasetIdentity.from_dict(IDENTITY.to_dict() | {"rows": 3}) == IDENTITY


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"url": "s3://b/k"}', b"\xff"])
def test_a_missing_or_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "dataset.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(IdentityUnreadableError, match=r"dataset\.json does not tell the dataset") as caught:
        read_identity(path)
    assert not caught.value.retryable
