"""Write models to files and read them back, checked; the file's suffix says the format."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from refinery.optional import require_package
from refinery.spec.artifacts import FORMAT_OF_SUFFIX, MODEL_FILES, ONNX, PICKLE, SKOPS
from refinery.training.errors import ModelFileError
from refinery.training.output.formats.onnx_format import write_onnx
from refinery.training.output.formats.onnx_model import read_onnx
from refinery.training.output.formats.pickle_format import find_pickle_fault, read_pickle, write_pickle
from refinery.training.output.formats.skops_format import read_skops, write_skops

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd


# The packages that write and read the formats beside pickle; each format is an extra.
_PACKAGES = {SKOPS: ("skops",), ONNX: ("skl2onnx", "onnxruntime")}
# Files of libraries that Refinery does not load: beside one of these, a pickle may be anything.
_OTHER_MODELS = (
    ".h5",
    ".hdf5",
    ".keras",
    ".pt",
    ".pth",
    ".safetensors",
    ".ubj",
    ".cbm",
    ".pb",
    ".tflite",
    ".bin",
    ".model",
)


def write_model(
    model: Any, path: Path, *, rows: pd.DataFrame | None = None, trusted: Iterable[str] = ()
) -> None:
    """Write a fitted model in the format of the file's suffix: one of `MODEL_FILES`.

    Args:
        model: The model.
        path: The file.
        rows: Features of held-out rows; ONNX needs them to compare its predictions with the model's.
        trusted: For skops, the full names of types in the model that are known to be safe to load.

    Raises:
        TrainingError: A part of it cannot be pickled; it cannot be written in this format; it holds types that skops does
            not know to be safe; or memory ran out.
    """
    model_format = _find_format(path)
    if model_format == PICKLE:
        write_pickle(model, path)
    elif model_format == SKOPS:
        write_skops(model, path, trusted=trusted)
    elif rows is None:
        raise ModelFileError(path, "an ONNX model is written with rows to compare its predictions of.")
    else:
        write_onnx(model, path, rows=rows)


def check_format(model_format: str) -> None:
    """Check that what a format needs is installed.

    Raises:
        RefineryError: It is not.
    """
    for package in _PACKAGES.get(model_format, ()):
        require_package(package, model_format, f"A model in the format {model_format}")


def load_model_file(path: Path, expected_sha256: str, *, trusted: Iterable[str] = ()) -> Any:
    """Load a model after checking that its file is the one in its manifest.

    A pickle is code: load only models whose manifest you trust. Files of skops and ONNX run no code of their own.

    Args:
        path: The file; its suffix says the format.
        expected_sha256: The file's SHA-256 from the manifest, in hexadecimal.
        trusted: For skops, the full names of further types that are known to be safe.

    Raises:
        ModelFileError: The file has changed; nothing of it was run; it holds types that skops does not know to be safe;
            nothing of it was loaded; or it is missing, is not of its suffix's format, or needs a class that is not here.
    """
    _find_format(path)
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
            if actual != expected_sha256.lower():
                raise ModelFileError(
                    path,
                    f"its SHA-256 is {actual}, the manifest says {expected_sha256}. It was changed after training and was not "
                    "loaded.",
                )
            file.seek(0)
            return _read(file, path, trusted)
    except FileNotFoundError as error:
        raise ModelFileError(path, "the file is not there.") from error


def read_model_file(path: Path, *, trusted: Iterable[str] = ()) -> Any:
    """Load a model from a file that this training has just written; otherwise like `load_model_file`."""
    with path.open("rb") as file:
        return _read(file, path, trusted)


def _read(file: BinaryIO, path: Path, trusted: Iterable[str]) -> Any:
    model_format = _find_format(path)
    check_format(model_format)
    with warnings.catch_warnings():
        # scikit-learn's, about any other version; the registry refuses those that matter.
        warnings.filterwarnings("ignore", "Trying to unpickle estimator")
        if model_format == SKOPS:
            return read_skops(file, path, trusted=trusted)
        return read_onnx(file, path) if model_format == ONNX else read_pickle(file, path)


def find_model_fault(path: Path) -> str | None:
    """Return why a file from user code is not in its suffix's format, without running it; None where it seems to be."""
    model_format = _find_format(path)
    if path.stat().st_size == 0:
        return "it is empty"
    if model_format == PICKLE:
        fault = find_pickle_fault(path)
        return f"it is not a pickle: {fault}" if fault else None
    return "it is not a skops file" if model_format == SKOPS and not zipfile.is_zipfile(path) else None


def find_model_file(manifest: Mapping[str, Any]) -> str | None:
    """Return the file in a manifest that `load_model_file` loads; None where a script left only others."""
    files = manifest.get("files") or {}
    script = manifest.get("script")
    if isinstance(script, dict) and isinstance(files, dict):
        named = script.get("model_file") or choose_model_file(files)
        return named if isinstance(named, str) and named in files and _is_below(named) else None
    named = MODEL_FILES.get(manifest.get("format", PICKLE))
    return named if named in files else None


def choose_model_file(files: Iterable[str]) -> str | None:
    """Choose the model among a script's files: one of `MODEL_FILES`, else the only one with a model's suffix."""
    names = list(files)
    if named := next((file for file in MODEL_FILES.values() if file in names), None):
        return named
    models = [name for name in names if PurePath(name).suffix in (*FORMAT_OF_SUFFIX, *_OTHER_MODELS)]
    return models[0] if len(models) == 1 and PurePath(models[0]).suffix in FORMAT_OF_SUFFIX else None


def format_of_file(name: str) -> str | None:
    """Return the format that the suffix of a model's file says; None where it says none."""
    return FORMAT_OF_SUFFIX.get(PurePath(name).suffix)


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _find_format(path: Path) -> str:
    if found := format_of_file(path.name):
        return found
    known = ", ".join(FORMAT_OF_SUFFIX)
    raise ModelFileError(path, f"its suffix names no format of models; there are {known}.")
