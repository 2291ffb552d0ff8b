"""Keep what was rendered in the Airflow home, by the digest of what it was rendered from; losing it costs only time."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from hashlib import blake2b
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from refinery.airflow_home import airflow_home

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "refinery-cache"
_DIGEST_BYTES = 16
_CLASSES = {
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("refinery.spec.asset_uris", "AnyOf"),
}


def find_kept(name: str, inputs: bytes) -> Any | None:
    """Return what was kept under a name; None if there is nothing, or it was made from other inputs or damaged.

    Args:
        name: The name, any text.
        inputs: The digest of what it is made from now.
    """
    try:
        data = _file(name).read_bytes()
    except OSError:
        return None
    kept, content = data[:_DIGEST_BYTES], memoryview(data)[_DIGEST_BYTES:]
    if kept != _seal(inputs, content):
        return None
    try:
        return _PlainUnpickler(io.BytesIO(content)).load()
    except Exception:  # noqa: BLE001 - a damaged file can be made again
        return None


def keep(name: str, inputs: bytes, value: Any) -> None:
    """Keep a value of plain data, in place of the former one; do nothing where the Airflow home cannot be written.

    Args:
        name: The name, any text.
        inputs: The digest of what it was made from.
        value: Scalars, dates, durations, lists, tuples and mappings.
    """
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    file = _file(name)
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as new:
            try:
                new.write(_seal(inputs, content) + content)
                new.close()
                os.replace(new.name, file)  # noqa: PTH105 - names as texts
            except BaseException:
                os.unlink(new.name)  # noqa: PTH108 - see above
                raise


def _file(name: str) -> Path:
    return (
        airflow_home() / FOLDER / blake2b(name.encode(errors="surrogateescape"), digest_size=16).hexdigest()
    )


def _seal(inputs: bytes, content: bytes | memoryview) -> bytes:
    return blake2b(content, key=inputs, digest_size=_DIGEST_BYTES).digest()


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain data, and runs no code that a file names."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is not plain data")
        return super().find_class(module, name)
