"""Reads a dataset into a table, and never guesses in silence."""

from __future__ import annotations

import lzma
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.dataset_head import DatasetHead, encoding_error, read_head
from include.training.errors import (
    ColumnNotFoundError,
    EmptyDatasetError,
    UnreadableDatasetError,
    listed,
)
from include.training.text_layout import BLANKS, check_layout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from include.training.source_options import SourceOptions
    from include.training.text_layout import TextLayout

FORMATS = ("csv", "tsv", "parquet", "jsonl")
_FORMAT_BY_SUFFIX = {
    ".csv": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_TYPED_FORMATS = ("parquet", "jsonl")
_MONTHS = 12
_COMPRESSION_SUFFIXES = (".gz", ".zst", ".bz2", ".xz", ".zip")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as read.

    Attributes:
        table: Its rows and columns.
        typed: Whether the file itself says its columns' types; else they were guessed from text.
    """

    table: pd.DataFrame
    typed: bool


def read_dataset(path: Path, options: SourceOptions, *, rows: int | None = None) -> Dataset:
    """Read a table from a file, or from all files of a folder, by name, as one table.

    Args:
        path: The file or folder.
        options: How to read it.
        rows: Read so many first rows of each file; None reads all.

    Raises:
        UnreadableDatasetError: A file is not what it is taken for; `SourceOptionError` where an option helps.
        ColumnNotFoundError: An option names a column that is not there.
        EmptyDatasetError: There are no rows.
    """
    files = list_files(path)
    return _join(files, [_read_file(file, options, rows) for file in files])


def list_files(path: Path) -> list[Path]:
    """Name the files of a dataset: the one that it is, or those in its folder but hidden ones, sorted.

    Raises:
        EmptyDatasetError: The folder holds none.
    """
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise EmptyDatasetError(path, "the folder holds no files")
    return files


def find_format(head: DatasetHead, options: SourceOptions) -> str:
    """Tell a file's format: from the options, from its first bytes, or from its name.

    Raises:
        UnreadableDatasetError: None of them tells.
    """
    if options.format is not None:
        return options.format
    if head.is_parquet:
        return "parquet"
    suffixes = [suffix.lower() for suffix in head.path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSION_SUFFIXES:
        suffixes.pop()
    found = _FORMAT_BY_SUFFIX.get(suffixes[-1] if suffixes else "")
    if found is None:
        raise UnreadableDatasetError(
            head.path, f"its name tells no format; set source.format to one of {listed(FORMATS)}"
        )
    return found


def find_separator(file_format: str, options: SourceOptions) -> str:
    """Tell what stands between the values of a text table."""
    return options.separator or ("\t" if file_format == "tsv" else ",")


def csv_arguments(layout: TextLayout, separator: str, options: SourceOptions) -> dict[str, Any]:
    """Give what `pandas.read_csv` must be told to read a text table whose layout was checked."""
    texts = {str(value) for value in options.null_values}
    return {
        "sep": r"\s+" if separator == BLANKS else separator,
        "decimal": options.decimal,
        "thousands": options.thousands,
        "quotechar": options.quote,
        "header": None if options.header is False else 0,
        "names": list(layout.names) if options.header is False else None,
        # Else the first column would silently become row labels where rows are one value longer than the header.
        "index_col": False,
        "na_values": [blank + text + after for text in texts for blank in ("", " ") for after in ("", " ")]
        or None,
        "dtype": {**options.dtypes, **dict.fromkeys(options.dates, "str")} or None,
        "encoding": options.encoding or "utf-8",
    }


def _read_file(path: Path, options: SourceOptions, rows: int | None) -> Dataset:
    head = read_head(path)
    file_format = find_format(head, options)
    try:
        if file_format == "parquet":
            table = _read_parquet(path, rows)
        elif file_format == "jsonl":
            table = _read_json_lines(head, options, rows)
        else:
            table = _read_csv(head, find_separator(file_format, options), options, rows)
    except UnicodeDecodeError as error:
        raise encoding_error(path, options.encoding, error) from error
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise UnreadableDatasetError(
            path, f"the {head.compression} file is damaged or cut short ({error})"
        ) from error
    except (ValueError, TypeError, OSError) as error:
        raise UnreadableDatasetError(path, f"it cannot be read as {file_format}: {error}") from error
    if table.empty:
        raise EmptyDatasetError(path, f"the file has columns ({listed(table.columns)}) but no rows")
    typed = file_format in _TYPED_FORMATS
    return Dataset(_apply_options(path, table, options, typed=typed), typed)


def _read_csv(head: DatasetHead, separator: str, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    import pandas as pd

    text = head.text(options.encoding)
    layout = check_layout(head.path, text, options, separator, complete=head.complete)
    _require(layout.names, (*options.dtypes, *options.dates), "source.dtypes or source.dates")
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Columns of mixed types are told by their column and value later.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        try:
            table: pd.DataFrame = pd.read_csv(
                head.path,
                compression=head.compression,
                nrows=rows,
                **csv_arguments(layout, separator, options),
            )
        except pd.errors.ParserWarning as error:
            raise UnreadableDatasetError(
                head.path, "rows have more values than the header has names"
            ) from error
    return table


def _read_parquet(path: Path, rows: int | None) -> pd.DataFrame:
    import pandas as pd

    if rows is None:
        return pd.read_parquet(path)
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(path)
    first = next(file.iter_batches(batch_size=rows), None)
    table: pd.DataFrame = pa.Table.from_batches(
        [first] if first else [], schema=file.schema_arrow
    ).to_pandas()
    return table


def _read_json_lines(head: DatasetHead, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    import pandas as pd

    head.text(options.encoding)
    # Types as written: pandas would turn "007" into 7 and any column named like a date into dates.
    return pd.read_json(
        head.path,
        lines=True,
        dtype=False,
        nrows=rows,
        compression=head.compression,
        encoding=options.encoding,
    )


def _apply_options(path: Path, table: pd.DataFrame, options: SourceOptions, *, typed: bool) -> pd.DataFrame:
    table.columns = table.columns.map(str)
    if options.header is not False and options.columns is not None:
        _require(list(table.columns), options.columns, "source.columns")
        table = table[list(options.columns)]
    if typed:
        table = _convert(path, table, options)
    for name in options.dates:
        table = table.assign(**{name: _parse_dates(path, table[name])})
    return table


def _convert(path: Path, table: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    _require(list(table.columns), (*options.dtypes, *options.dates), "source.dtypes or source.dates")
    if options.null_values:
        table = table.replace(list(options.null_values), None)
    try:
        return table.astype(dict(options.dtypes))
    except (ValueError, TypeError) as error:
        raise UnreadableDatasetError(path, f"source.dtypes does not fit: {error}") from error


def _parse_dates(path: Path, column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    try:
        return pd.to_datetime(column, dayfirst=_is_day_first(path, column))
    except (ValueError, TypeError) as error:
        problem = f"source.dates: the column {column.name!r} holds no dates of one form: {error}"
        raise UnreadableDatasetError(path, problem) from error


def _is_day_first(path: Path, column: pd.Series[Any]) -> bool:
    """Tell 31/1/2026 from 1/31/2026 by the whole column, since pandas would go by its first value."""
    if column.dtype.kind != "O":
        return False
    parts = (
        column.astype("str").str.extract(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}\b").dropna().astype(int)
    )
    if parts.empty or (parts[1] > _MONTHS).any():
        return False
    if (parts[0] > _MONTHS).any():
        return True
    problem = f"source.dates: in the column {column.name!r} the day may come first or the month"
    raise UnreadableDatasetError(path, f"{problem}; write dates as 2026-01-31 in the dataset")


def _require(columns: Sequence[str], names: Sequence[str], role: str) -> None:
    if missing := [name for name in names if name not in columns]:
        raise ColumnNotFoundError(missing, role, columns)


def _join(files: Sequence[Path], datasets: Sequence[Dataset]) -> Dataset:
    import pandas as pd

    if len(files) == 1:
        return datasets[0]
    for file, dataset in zip(files[1:], datasets[1:], strict=True):
        _check_same_columns(files[0], datasets[0].table, file, dataset.table)
    table = pd.concat([dataset.table for dataset in datasets], ignore_index=True)
    return Dataset(table, all(dataset.typed for dataset in datasets))


def _check_same_columns(first_file: Path, first: pd.DataFrame, file: Path, table: pd.DataFrame) -> None:
    if differing := set(table.columns) ^ set(first.columns):
        raise UnreadableDatasetError(
            file,
            f"its columns are not those of {first_file.name}: only one of the two has {listed(sorted(differing))}",
        )
    for name in first.columns:
        here, there = table[name].dtype, first[name].dtype
        if (
            (here.kind == "O") != (there.kind == "O")
            and table[name].notna().any()
            and first[name].notna().any()
        ):
            raise UnreadableDatasetError(
                file,
                f"the column {name!r} is {here} here and {there} in {first_file.name}; set source.dtypes for it",
            )
