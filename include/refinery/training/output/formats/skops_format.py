"""Models as skops files: read without running code, where every type in them is trusted."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO

from refinery.training.errors import ModelFileError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

# Our own, and the types of calibration and of the default preprocessing: settings, arrays and checks of a column's type.
_PREPROCESSING_TYPES = frozenset(
    (
        "numpy.dtype",
        "refinery.training.models.boosting.BoostedClassifier",
        "refinery.training.models.boosting.BoostedRegressor",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "skrub._apply_to_cols.ApplyToCols",
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
_ZIP = b"PK"
# What a file may unpack to: this many times its size, or this many bytes, which any machine has. skops itself compresses
# nothing, and a sparse matrix in it rarely ten times; a file made to fill the memory unpacks to a thousand times.
_MOST_UNPACKED = 10
_SMALL = 256 * 2**20
# The earliest moment that a zip archive can hold.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_skops(model: Any, path: Path, *, trusted: Iterable[str] = ()) -> None:
    """Write a model as a skops file; the same model gives the same bytes.

    Args:
        model: The fitted model.
        path: The file.
        trusted: Types beside those that skops knows to be safe, by their full names.

    Raises:
        TrainingError: The model holds types that are not trusted, or skops cannot store a part of it.
    """
    try:
        with _asking_modules():
            from skops.io import dumps, get_untrusted_types

            content = dumps(model)
        untrusted = _without(get_untrusted_types(data=content), trusted)
    except Exception as error:  # a class's own __reduce__ or __getstate__ may raise anything
        reason = str(error).rstrip(".")
        raise TrainingError(
            f"{type(model).__name__} cannot be written as skops: {reason}. Set model.format to pickle."
        ) from error
    if untrusted:
        raise TrainingError(
            f"The model holds {_count(untrusted)} not known to be safe to load. Check what they are, then trust them in "
            f"the config with model.trusted: [{', '.join(untrusted)}], or set model.format to pickle."
        )
    path.write_bytes(_renumbered(content))


def read_skops(file: BinaryIO, path: Path, *, trusted: Iterable[str] = ()) -> Any:
    """Read a model from an open skops file; nothing is loaded before each of its types is known to be trusted.

    Raises:
        ModelFileError: It holds types that are not trusted, or it is not a skops file, unpacks to far more than its size,
            or needs a class that is not here.
    """
    _check_unpacked_size(file, path)
    with _asking_modules():
        from skops.io import get_untrusted_types, load

    with _reading(path):
        types: list[str] = get_untrusted_types(file=file)
    if untrusted := _without(types, trusted):
        raise ModelFileError(
            path,
            f"it holds {_count(untrusted)} not known to be safe, and was not loaded: {', '.join(untrusted)}. "
            "If you know these and the file's origin, load it again and name them as trusted (--trust, or trusted in Python).",
        )
    file.seek(0)
    with _reading(path):
        return load(file, trusted=types)


def _check_unpacked_size(file: BinaryIO, path: Path) -> None:
    """Check the size that a file declares to unpack to: Python's zipfile reads no more of each member."""
    packed = file.seek(0, io.SEEK_END)
    limit = max(_SMALL, _MOST_UNPACKED * packed)
    with _reading(path), zipfile.ZipFile(file) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked <= limit:
            unpacked += sum(_matrix_size(archive, member) for member in archive.infolist())
    if unpacked > limit:
        raise ModelFileError(
            path,
            f"its {packed:,} bytes unpack to {unpacked:,}, more than {limit:,}, and nothing of it was loaded. Where you know "
            "its origin, write it again without compression.",
        )
    file.seek(0)


def _matrix_size(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return the size that a sparse matrix, a zip file in the file, unpacks to."""
    with archive.open(member) as inner:
        if inner.read(len(_ZIP)) != _ZIP:
            return 0
    with zipfile.ZipFile(io.BytesIO(archive.read(member))) as matrix:
        return sum(part.file_size for part in matrix.infolist())


@contextlib.contextmanager
def _asking_modules() -> Iterator[None]:
    """Silence modules in which skops looks for functions: many of Airflow's warn about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except zipfile.BadZipFile as error:
        raise ModelFileError(path, f"it is not a skops file ({error}) and was not loaded.") from error
    except Exception as error:  # a damaged file may make the reader raise anything
        reason = f"it cannot be read as a skops file ({type(error).__name__}: {error})."
        raise ModelFileError(path, reason) from error


def _without(types: Iterable[str], trusted: Iterable[str]) -> list[str]:
    return sorted(set(types) - _PREPROCESSING_TYPES - set(trusted))


def _count(types: Sequence[str]) -> str:
    return "a type that is" if len(types) == 1 else f"{len(types)} types that are"


def _renumbered(content: bytes) -> bytes:
    """Number the objects and files in order: skops names them by their address in memory, and dates them."""
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
