"""Models as skops files: read without running code, where every type in them is trusted."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO

from include.training.errors import ModelFileError
from include.training.errors.model_format import (
    ModelFormatError,
    UntrustedModelFileError,
    UntrustedModelTypesError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# What the default preprocessing is made of, beside scikit-learn: settings, arrays and tests of a column's type.
_PREPROCESSING_TYPES = frozenset(
    (
        "numpy.dtype",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "skrub._apply_to_each_col.ApplyToEachCol",
        "skrub._check_input.CheckInputDataFrame",
        "skrub._clean_categories.CleanCategories",
        "skrub._clean_null_strings.CleanNullStrings",
        "skrub._dataframe._common.is_any_date",
        "skrub._dataframe._common.is_categorical",
        "skrub._dataframe._common.is_numeric",
        "skrub._datetime_encoder.DatetimeEncoder",
        "skrub._datetime_encoder._SplineEncoder",
        "skrub._drop_uninformative.DropUninformative",
        "skrub._duration_to_float.DurationToFloat",
        "skrub._squashing_scaler.SquashingScaler",
        "skrub._squashing_scaler._MinMaxScaler",
        "skrub._string_encoder.StringEncoder",
        "skrub._table_vectorizer.PassThrough",
        "skrub._table_vectorizer.ShortReprDict",
        "skrub._table_vectorizer.TableVectorizer",
        "skrub._table_vectorizer._created_by_predicate",
        "skrub._to_categorical.ToCategorical",
        "skrub._to_datetime.ToDatetime",
        "skrub._to_float.ToFloat",
        "skrub._to_str.ToStr",
        "skrub.selectors._base.All",
        "skrub.selectors._base.And",
        "skrub.selectors._base.Cols",
        "skrub.selectors._base.Filter",
        "skrub.selectors._base.Sub",
        "skrub.selectors._selectors._cardinality_below",
    )
)
_SCHEMA = "schema.json"
# The earliest moment that a zip archive can say.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_skops(model: Any, path: Path, *, trusted: Iterable[str] = ()) -> None:
    """Write a model as a skops file; the same model gives the same bytes.

    Args:
        model: The fitted model.
        path: The file.
        trusted: Types beside those that skops knows to be safe, by their full names.

    Raises:
        UntrustedModelTypesError: The model holds types that are not trusted.
        ModelFormatError: skops cannot store a part of it.
    """
    try:
        with _asking_modules():
            from skops.io import dumps, get_untrusted_types

            content = dumps(model)
        untrusted = _without(get_untrusted_types(data=content), trusted)
    except Exception as error:  # a class's own __reduce__ or __getstate__ may raise anything
        raise ModelFormatError("skops", type(model).__name__, f"{error}".rstrip("."), "pickle") from error
    if untrusted:
        raise UntrustedModelTypesError(untrusted)
    path.write_bytes(_renumbered(content))


def read_skops(file: BinaryIO, path: Path, *, trusted: Iterable[str] = ()) -> Any:
    """Read a model from an open skops file; nothing is made of it before each of its types is known as trusted.

    Raises:
        UntrustedModelFileError: It holds types that are not trusted.
        ModelFileError: It is no skops file, or needs a class that is not here.
    """
    with _asking_modules():
        from skops.io import get_untrusted_types, load

    with _reading(path):
        types: list[str] = get_untrusted_types(file=file)
    if untrusted := _without(types, trusted):
        raise UntrustedModelFileError(path, untrusted)
    file.seek(0)
    with _reading(path):
        return load(file, trusted=types)


@contextlib.contextmanager
def _asking_modules() -> Iterator[None]:
    """Let skops look for functions in every module that is loaded: many of Airflow's warn when they are asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except zipfile.BadZipFile as error:
        raise ModelFileError(path, f"it is no skops file ({error}) and was not loaded.") from error
    except Exception as error:  # a damaged file may make the reader raise anything
        reason = f"it cannot be read as a skops file ({type(error).__name__}: {error})."
        raise ModelFileError(path, reason) from error


def _without(types: Iterable[str], trusted: Iterable[str]) -> list[str]:
    return sorted(set(types) - _PREPROCESSING_TYPES - set(trusted))


def _renumbered(content: bytes) -> bytes:
    """Number the objects and files in order: skops names them by their place in memory, and dates them."""
    packed, repacked = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    numbers: dict[int, int] = {}
    files: dict[str, str] = {}
    schema = _renumber(json.loads(packed.read(_SCHEMA)), numbers, files)
    with zipfile.ZipFile(repacked, "w") as archive:
        for old, new in files.items():
            archive.writestr(zipfile.ZipInfo(new, _NO_TIME), packed.read(old))
        archive.writestr(zipfile.ZipInfo(_SCHEMA, _NO_TIME), json.dumps(schema))
    return repacked.getvalue()


def _renumber(state: Any, numbers: dict[int, int], files: dict[str, str]) -> Any:
    if isinstance(state, list):
        return [_renumber(item, numbers, files) for item in state]
    if not isinstance(state, dict):
        return state
    renumbered = {key: _renumber(value, numbers, files) for key, value in state.items()}
    if "__id__" in state:
        renumbered["__id__"] = numbers.setdefault(state["__id__"], len(numbers) + 1)
    if "__loader__" in state and isinstance(name := state.get("file"), str):
        renumbered["file"] = files.setdefault(name, f"{len(files)}.{name.rpartition('.')[2]}")
    return renumbered
