"""Models as pickles, joblib's among them: any Python object; loading one runs what it says."""

from __future__ import annotations

import io
import lzma
import mmap
import os
import pickle
import pickletools
import re
import zlib
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from refinery.training.errors import MissingModelCodeError, ModelFileError, TrainingError, out_of_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The first bytes of files that joblib.dump compressed: gzip, bz2, xz, lzma, zlib at four levels, lz4.
_COMPRESSED = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x5d\x00\x00",
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x04\x22\x4d\x18",
)
# joblib.dump writes this name where it puts an array's bytes between a pickle's own; only joblib.load reads that.
_JOBLIB = "joblib.numpy_pickle"
# What Python says about a class that the pickling script itself defined.
_OF_MAIN = re.compile(r"'(?P<name>\w+)' on <module '(?:[\w.]+\.)?__main__'")
# A pickle of small objects has millions; a file that is not a pickle fails at the first.
_MOST_OPCODES = 10_000


def write_pickle(model: Any, path: Path) -> None:
    """Pickle a model.

    Raises:
        TrainingError: A part of it cannot be pickled, or memory ran out.
    """
    try:
        with path.open("wb") as file:
            pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)
    except OSError:
        raise
    except MemoryError as error:
        raise out_of_memory("pickling the model") from error
    except Exception as error:  # a class's own __reduce__ may raise anything
        attribute, value = _find_culprit("model", model)
        raise TrainingError(
            f"The model cannot be pickled: {attribute}, a {type(value).__name__}, is the part that fails "
            f"({type(error).__name__}: {error}). Functions and classes must be defined at the top of a module; "
            "open files, locks and connections cannot be kept in a model."
        ) from error


def read_pickle(file: BinaryIO, path: Path) -> Any:
    """Unpickle a model from an open file whose SHA-256 was verified.

    Raises:
        MissingModelCodeError: It needs a module or class that is not here.
        ModelFileError: It is not a pickle.
    """
    try:
        if _is_for_joblib(file):
            import joblib

            return joblib.load(file)
        return pickle.load(file)  # nosec B301
    except (ImportError, AttributeError) as error:
        if own := _OF_MAIN.search(str(error)):
            raise MissingModelCodeError(path, _explain_main(own["name"])) from error
        raise MissingModelCodeError(
            path,
            f"the model needs code that is not here ({error}): load it with the project and packages it was made with.",
        ) from error
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, zlib.error, lzma.LZMAError) as error:
        raise ModelFileError(path, f"it is not a readable pickle ({error}).") from error


def _explain_main(name: str) -> str:
    return (
        f'the model needs "{name}", which the script that wrote it defines itself, and no other program finds it there '
        f"(__main__). Move {name} into a file of include/models/, such as model_parts.py, and import it in the script: "
        f"from include.models.model_parts import {name}"
    )


def find_pickle_fault(path: Path) -> str | None:
    """Return why a file is not a whole pickle, without running it; None where it is.

    Of a file that joblib compressed, only the first bytes are checked.
    """
    with path.open("rb") as file:
        start = file.read(8)
        if start.startswith(_COMPRESSED):
            return None
        file.seek(0)
        try:
            if not start.startswith(
                pickle.PROTO
            ):  # the oldest protocols, in which many texts look like a pickle
                pickletools.dis(file, out=io.StringIO())
                return None
            for _, argument, _ in islice(pickletools.genops(file), _MOST_OPCODES):
                if isinstance(argument, str) and _JOBLIB in argument:
                    return None
        except ValueError as error:
            return str(error)
        file.seek(-1, os.SEEK_END)
        return None if file.read() == pickle.STOP else "it is cut short"


def _is_for_joblib(file: BinaryIO) -> bool:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content[:8].startswith(_COMPRESSED) or content.find(_JOBLIB.encode()) >= 0


def _find_culprit(path: str, value: Any) -> tuple[str, Any]:
    for child_path, child in _children(path, value):
        try:
            pickle.dumps(child)
        except Exception:  # noqa: BLE001 (the search is for what fails)
            return _find_culprit(child_path, child)
    return path, value


def _children(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{path}[{key!r}]", child) for key, child in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"{path}[{index}]", child) for index, child in enumerate(value))
    elif hasattr(value, "__dict__") and not callable(value):
        yield from ((f"{path}.{name}", child) for name, child in vars(value).items())
