"""The local folder of one run: its layout, and how it is made and deleted safely."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from include.storage.errors import UnsafeWorkspaceError
from include.storage.local_file import local_error

if TYPE_CHECKING:
    from pathlib import Path

# Common file systems take 255 bytes in a name; the rest is for temporary names beside it.
_MAX_NAME_BYTES = 200

_PRIVATE = 0o700

# Another run of the same DAG may remove their common folder, when it is empty, just after it was found.
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run, `<root>/<dag_id>/<run_id>`, private to its user.

    Run ids hold colons and plus signs, and anything that a person types: they are percent-encoded, and hashed where
    they are too long for a file system, so that two runs never share a folder.

    Attributes:
        root: The folder of all workspaces; it may be a link, nothing below it may.
        path: This run's folder.
    """

    root: Path
    path: Path

    @classmethod
    def of_run(cls, root: Path, dag_id: str, run_id: str) -> RunFolder:
        """Name the folder of a run; touches no disk."""
        return cls(root=root, path=root / safe_name(dag_id) / safe_name(run_id))

    @property
    def dataset_dir(self) -> Path:
        """Return the folder of the downloaded dataset."""
        return self.path / "dataset"

    @property
    def identity_file(self) -> Path:
        """Return the file that says which dataset was downloaded."""
        return self.path / "dataset.json"

    @property
    def model_dir(self) -> Path:
        """Return the folder of the trained model."""
        return self.path / "model"

    def create(self) -> None:
        """Make the folders, readable by their user alone; those that exist stay as they are.

        Raises:
            UnsafeWorkspaceError: A symbolic link stands where a folder should be.
            LocalFileError: A folder cannot be made.
            DiskFullError: The disk or the quota is full.
        """
        try:
            self.root.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            self._make_run_folder()
            for folder in (self.dataset_dir, self.model_dir):
                _make_private_folder(folder)
        except OSError as error:
            raise local_error(self.path, error) from error

    def empty_model(self) -> None:
        """Delete what an earlier try of the training left, so that nothing of it is taken for the next one's.

        Raises:
            UnsafeWorkspaceError: A symbolic link stands where the model's folder should be.
            LocalFileError: Something cannot be deleted.
        """
        try:
            if self.model_dir.is_symlink():
                raise UnsafeWorkspaceError(self.model_dir)
            if not self.model_dir.exists():
                return
            shutil.rmtree(self.model_dir)
            _make_private_folder(self.model_dir)
        except OSError as error:
            raise local_error(self.model_dir, error) from error

    def remove(self) -> None:
        """Delete this run's folder with all in it, then its DAG's folder when that is empty.

        Links inside are deleted, what they point to is not. A folder that is not there is fine.

        Raises:
            UnsafeWorkspaceError: The folder, or its DAG's, is a symbolic link.
            LocalFileError: Something cannot be deleted.
        """
        try:
            for folder in (self.path.parent, self.path):
                if folder.is_symlink():
                    raise UnsafeWorkspaceError(folder)
            shutil.rmtree(self.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise local_error(self.path, error) from error
        _remove_if_empty(self.path.parent)

    def _make_run_folder(self) -> None:
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(FileNotFoundError):
                _make_private_folder(self.path.parent)
                _make_private_folder(self.path)
                return
        raise FileNotFoundError(errno.ENOENT, "it is removed again and again", str(self.path))


def safe_name(identifier: str) -> str:
    """Turn an id into one folder name, different for different ids."""
    name = quote(identifier, safe="")
    if len(name) <= _MAX_NAME_BYTES and name.strip("."):
        return name
    digest = hashlib.sha256(identifier.encode()).hexdigest()
    # No quoted id holds an equals sign, so none looks like a hashed one.
    return f"{name[:100].strip('.')}={digest}"


def _make_private_folder(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=_PRIVATE)
    mode = folder.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise UnsafeWorkspaceError(folder)
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, "a file is in the way", str(folder))
    if stat.S_IMODE(mode) != _PRIVATE:
        folder.chmod(_PRIVATE)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.ENOENT, errno.EEXIST):
            raise local_error(folder, error) from error
