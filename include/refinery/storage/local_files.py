"""Files and folders on this machine: written atomically, and deleted whatever happens."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from refinery.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_PREFIX = "refinery-step-"
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write, readable by its user alone, that takes its place at `path` when the block succeeds.

    When the block fails, nothing is left and what was at `path` before stays. A missing folder is created.

    Raises:
        StorageError: The folder cannot be created or written; retryable where the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise local_error(path, error) from error


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Create a folder in the temporary one (`TMPDIR`), readable by its user alone, and delete it at the end.

    A step that was killed outright deletes nothing. But the kernel releases the lock that it held on its folder, so the next
    step on the same machine recognizes the folder as abandoned and deletes it.

    Raises:
        StorageError: The folder cannot be created or deleted; retryable where the disk is full.
    """
    parent = Path(tempfile.gettempdir())
    try:
        _delete_abandoned(parent)
        folder, lock = _new_locked_folder(parent)
    except OSError as error:
        raise local_error(parent, error) from error
    try:
        yield folder
    finally:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise local_error(folder, error) from error
        finally:
            os.close(lock)


@contextlib.contextmanager
def disk_full_errors(path: Path) -> Iterator[None]:
    """Raise a retryable StorageError instead of the operating system's when the disk below a path is full.

    Whoever writes there; other errors pass.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise local_error(path, error) from error
        raise


def local_error(path: Path, error: OSError) -> StorageError:
    """Return the error for what the operating system said of a file or folder."""
    if error.errno in _DISK_FULL:
        return StorageError(
            f"No space is left on the disk of {path}. Free some, or move the workspace (of one on S3, TMPDIR) to a larger disk.",
            retryable=True,  # other runs remove their workspaces
        )
    said = error.strerror or str(error)
    return StorageError(f"{path} could not be read or written: {said}. Check the folder and its permissions.")


def link_error(path: Path) -> StorageError:
    """Return the error for a workspace's path that leads elsewhere, through a symbolic link."""
    return StorageError(f"{path} is a symbolic link, which a workspace does not follow. Remove it.")


def _new_locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # Until it is locked, another step takes it for abandoned.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(folder, _OPEN_FOLDER)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _delete_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        lock = _lock_abandoned(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock_abandoned(folder: Path) -> int | None:
    """Lock a folder of this user that no process holds; return None if it is not one."""
    try:
        lock = os.open(folder, _OPEN_FOLDER)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if os.fstat(lock).st_uid == os.getuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
    os.close(lock)
    return None
