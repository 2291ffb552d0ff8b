"""The local folder of one run: its layout, and how it is created and deleted safely."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from refinery.storage.local_files import link_error, local_error

if TYPE_CHECKING:
    from pathlib import Path

# Common file systems allow 255 bytes in a name; the rest is for temporary names beside it.
_MAX_NAME_BYTES = 200

_PRIVATE = 0o700

# Another run of the same DAG may remove their common folder, when it is empty, just after it was found.
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run, `<root>/<dag_id>/<run_id>`, private to its user.

    Run IDs contain colons, plus signs and anything that a person types: they are percent-encoded, and hashed if they are
    too long for a file system, so that two runs never share a folder.

    Attributes:
        root: The folder of all workspaces; it may be a link, but nothing below it may.
        path: This run's folder.
    """

    root: Path
    path: Path

    @classmethod
    def of_run(cls, root: Path, dag_id: str, run_id: str) -> RunFolder:
        """Return the folder of a run, without touching the disk."""
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

    @property
    def checkpoint_file(self) -> Path:
        """Return the file with what the training's next try can go on from."""
        return self.path / "checkpoint"

    def create(self) -> None:
        """Create the folders, readable by their user alone; existing ones stay as they are.

        Raises:
            StorageError: A folder cannot be created, or a symbolic link is in its place; retryable where the disk is full.
        """
        try:
            self.root.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            self._make_run_folder()
            for folder in (self.dataset_dir, self.model_dir):
                _make_private_folder(folder)
        except OSError as error:
            raise local_error(self.path, error) from error

    def empty_model(self) -> None:
        """Delete what an earlier try of the training left, so that none of it is taken for the next one's.

        Raises:
            StorageError: Something cannot be deleted, or a symbolic link is in place of the model's folder.
        """
        try:
            if self.model_dir.is_symlink():
                raise link_error(self.model_dir)
            if not self.model_dir.exists():
                return
            shutil.rmtree(self.model_dir)
            _make_private_folder(self.model_dir)
        except OSError as error:
            raise local_error(self.model_dir, error) from error

    def remove(self) -> None:
        """Delete this run's folder with everything in it, then its DAG's folder if that is empty.

        Links inside are deleted, but not what they point to. A missing folder is fine.

        Raises:
            StorageError: Something cannot be deleted, or the folder or its DAG's is a symbolic link.
        """
        try:
            for folder in (self.path.parent, self.path):
                if folder.is_symlink():
                    raise link_error(folder)
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
        raise FileNotFoundError(errno.ENOENT, "it keeps being removed", str(self.path))


def safe_name(identifier: str) -> str:
    """Turn an ID into one folder name, different for different IDs."""
    name = quote(identifier, safe="")
    if len(name) <= _MAX_NAME_BYTES and name.strip("."):
        return name
    digest = hashlib.sha256(identifier.encode()).hexdigest()
    # A quoted ID never contains an equals sign, so none looks like a hashed one.
    return f"{name[:100].strip('.')}={digest}"


def _make_private_folder(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=_PRIVATE)
    mode = folder.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise link_error(folder)
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
