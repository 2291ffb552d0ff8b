"""Writes models to files and reads them back, checked; the file's suffix says the format."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from include.artifacts import MODEL_FILES, ONNX, PICKLE, SKOPS
from include.training.errors import ModelFileChangedError, ModelFileError
from include.training.model_formats.onnx_format import write_onnx
from include.training.model_formats.onnx_model import read_onnx
from include.training.model_formats.pickle_format import find_pickle_fault, read_pickle, write_pickle
from include.training.model_formats.skops_format import read_skops, write_skops

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd


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
        UnpicklableModelError: A part of it cannot be pickled.
        ModelFormatError: It cannot be written in this format.
        UntrustedModelTypesError: It holds types that skops does not know to be safe.
        OutOfMemoryError: Memory ran out.
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


def load_model_file(path: Path, expected_sha256: str, *, trusted: Iterable[str] = ()) -> Any:
    """Load a model after checking that its file is the one that its manifest describes.

    A pickle is code: load only models whose manifest you trust. Files of skops and ONNX run no code of their own.

    Args:
        path: The file; its suffix says the format.
        expected_sha256: The file's SHA-256 from the manifest, in hexadecimal.
        trusted: For skops, the full names of further types that are known to be safe.

    Raises:
        ModelFileChangedError: The file is another; nothing of it was run.
        UntrustedModelFileError: It holds types that skops does not know to be safe; nothing of it was loaded.
        ModelFileError: It is missing, is not of its suffix's format, or needs a class that is not here.
    """
    model_format = _find_format(path)
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
            if actual != expected_sha256.lower():
                raise ModelFileChangedError(path, expected_sha256, actual)
            file.seek(0)
            if model_format == SKOPS:
                return read_skops(file, path, trusted=trusted)
            return read_onnx(file, path) if model_format == ONNX else read_pickle(file, path)
    except FileNotFoundError as error:
        raise ModelFileError(path, "the file is not there.") from error


def find_model_fault(path: Path) -> str | None:
    """Tell why somebody else's file is not in the format of its suffix, without running it; None where it seems to be."""
    model_format = _find_format(path)
    if path.stat().st_size == 0:
        return "it is empty"
    if model_format == PICKLE:
        fault = find_pickle_fault(path)
        return f"it is no pickle: {fault}" if fault else None
    return "it is no skops file" if model_format == SKOPS and not zipfile.is_zipfile(path) else None


def find_model_file(manifest: Mapping[str, Any]) -> str | None:
    """Name the file of a manifest that `load_model_file` loads; None where a script left others only."""
    named = MODEL_FILES.get(manifest.get("format", PICKLE))
    return named if named in manifest.get("files", {}) else None


def _find_format(path: Path) -> str:
    for name, file in MODEL_FILES.items():
        if PurePath(file).suffix == path.suffix:
            return name
    known = ", ".join(PurePath(file).suffix for file in MODEL_FILES.values())
    raise ModelFileError(path, f"its suffix names no format of models; there are {known}.")
