"""Files that appear on the local disk whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from include.storage.errors import DiskFullError, LocalFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write that takes its place at `path` when the block ends, readable by its user alone.

    When the block fails, nothing is left and what was at `path` before stays. A folder that is missing is made.

    Raises:
        DiskFullError: The disk or the quota is full.
        LocalFileError: The folder cannot be made or written.
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


@contextmanager
def disk_full_errors(path: Path) -> Iterator[None]:
    """Raise a DiskFullError in place of the operating system's own, whoever writes below a path; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise DiskFullError(path) from error
        raise


def local_error(path: Path, error: OSError) -> DiskFullError | LocalFileError:
    """Tell what the operating system said of a file or folder."""
    if error.errno in _DISK_FULL:
        return DiskFullError(path)
    return LocalFileError(path, error.strerror or str(error))
