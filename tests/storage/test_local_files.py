from __future__ import annotations

import errno
import os
import stat

import pytest

from refinery.storage.errors import StorageError
from refinery.storage.local_files import new_file


def test_the_file_appears_when_it_is_complete(tmp_path):
    with new_file(tmp_path / "file") as file:
        file.write(b"new")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_failure_leaves_what_was_there(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "file") as file:
        file.write(bytes([1 // 0]))
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_bytes(b"old")
    (tmp_path / "file").symlink_to(tmp_path / "precious")
    with new_file(tmp_path / "file") as file:
        file.write(b"new")
    assert (tmp_path / "precious").read_bytes() == b"old"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_and_may_be_tried_again(tmp_path, number):
    with (
        pytest.raises(StorageError, match=r"No space is left on the disk of .*file") as caught,
        new_file(tmp_path / "file"),
    ):
        raise OSError(number, os.strerror(number))
    assert caught.value.retryable
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_folder_in_its_place_is_named(tmp_path):
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with (
        pytest.raises(StorageError, match="file could not be read or written"),
        new_file(tmp_path / "file"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
