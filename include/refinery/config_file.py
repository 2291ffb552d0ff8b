"""Read a config's file, and nothing else that its path may lead to."""

from __future__ import annotations

import errno
import os
import stat

# A config is a page that a person reads; anything larger is a mistake or an attack.
MAX_BYTES = 1_000_000


def read_config_file(path: str) -> bytes:
    """Return a file's bytes; of one that is too large, the first MAX_BYTES + 1.

    Raises:
        OSError: It cannot be read, or is not a regular file.
    """
    # A link could show any file of the machine in an error's excerpt, and a pipe would block forever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        chunks = []
        left = MAX_BYTES + 1
        while left and (chunk := os.read(descriptor, left)):
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
