"""A private folder for one step, which is gone when the step has ended, however it ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from include.storage.local_file import local_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "refinery-step-"
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a new folder below the temporary one (`TMPDIR`), readable by its user alone, and delete it at the end.

    A step that was killed outright deletes nothing. The kernel lets go of the lock that it held on its folder, though, so the
    next step on the same machine knows the folder for abandoned and deletes it.

    Raises:
        LocalFileError: The folder cannot be made or deleted.
        DiskFullError: The disk or the quota is full.
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
        lock = _lock_of_the_dead(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock_of_the_dead(folder: Path) -> int | None:
    """Lock a folder of this user that no process holds; None where it is no such folder."""
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
