"""Reads a dataset into a table, and never guesses in silence."""

from __future__ import annotations

import contextlib
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.dataset_head import (
    check_zstd_end,
    damage_error,
    damage_errors,
    late_encoding_error,
    read_head,
)
from include.training.errors import EmptyDatasetError, UnreadableDatasetError, listed
from include.training.formats import (
    TYPED_FORMATS,
    find_format,
    read_csv,
    read_csv_batches,
    read_json_batches,
    read_json_lines,
    read_parquet,
    read_parquet_batches,
    require_columns,
)
from include.training.stream_limits import check_limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from include.training.dataset_head import DatasetHead
    from include.training.source_options import SourceOptions

_MONTHS = 12


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


def read_batches(
    path: Path, options: SourceOptions, rows: int, *, checked: bool = False
) -> Iterator[Dataset]:
    """Read a table so many rows at a time, file by file; options mean what they mean to `read_dataset`.

    A column's type may differ from batch to batch where the file does not say it.

    Args:
        path: The file or folder.
        options: How to read it.
        rows: How many rows to read at once.
        checked: Whether an earlier reading has shown that the files are whole and within their limits.

    Raises:
        UnreadableDatasetError: A file is not what it is taken for.
        ColumnNotFoundError: An option names a column that is not there.
        EmptyDatasetError: There are no rows.
    """
    columns: list[str] = []
    files = list_files(path)
    for file in files:
        read = 0
        for batch in _read_file_batches(file, options, rows, checked=checked):
            columns = columns or list(batch.table.columns)
            _check_same_names(files[0], columns, file, list(batch.table.columns))
            if batch.table.empty:
                raise EmptyDatasetError(file, f"the file has columns ({listed(columns)}) but no rows")
            read += len(batch.table)
            yield Dataset(batch.table[columns], batch.typed)
        if not read:
            raise EmptyDatasetError(file, "the file has no rows")


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


def _read_file(path: Path, options: SourceOptions, rows: int | None) -> Dataset:
    head = read_head(path)
    file_format = find_format(head, options)
    with _reading(head, file_format, options):
        _check_whole_file(head, file_format, options, whole=rows is None)
        if file_format == "parquet":
            table = read_parquet(path, options, rows)
        elif file_format == "jsonl":
            table = read_json_lines(head, options, rows)
        else:
            table = read_csv(head, file_format, options, rows)
    if table.empty:
        raise EmptyDatasetError(path, f"the file has columns ({listed(table.columns)}) but no rows")
    return _as_dataset(path, table, file_format, options)


def _read_file_batches(path: Path, options: SourceOptions, rows: int, *, checked: bool) -> Iterator[Dataset]:
    head = read_head(path)
    file_format = find_format(head, options)
    with _reading(head, file_format, options):
        if not checked:
            _check_whole_file(head, file_format, options, whole=True)
        if file_format == "parquet":
            tables = read_parquet_batches(path, options, rows)
        elif file_format == "jsonl":
            tables = read_json_batches(head, options, rows)
        else:
            tables = read_csv_batches(head, file_format, options, rows)
        for table in tables:
            yield _as_dataset(path, table, file_format, options)


def _check_whole_file(head: DatasetHead, file_format: str, options: SourceOptions, *, whole: bool) -> None:
    if file_format == "parquet" and head.compression:
        raise UnreadableDatasetError(
            head.path,
            f"it is Parquet within {head.compression}; Parquet compresses by itself: write it alone",
        )
    if file_format != "parquet":
        check_limits(head, options.max_uncompressed, whole=whole)
    if head.compression == "zstd" and whole:
        check_zstd_end(head.path)


@contextlib.contextmanager
def _reading(head: DatasetHead, file_format: str, options: SourceOptions) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise late_encoding_error(head, options.encoding, error) from error
    except damage_errors(head.compression) as error:
        raise damage_error(head.path, head.compression, error) from error
    except (ValueError, TypeError, csv.Error) as error:
        raise UnreadableDatasetError(head.path, f"it cannot be read as {file_format}: {error}") from error


def _as_dataset(path: Path, table: pd.DataFrame, file_format: str, options: SourceOptions) -> Dataset:
    if not table.columns.is_unique:
        duplicates = table.columns[table.columns.duplicated()].unique()
        raise UnreadableDatasetError(
            path, f"more than one column has the name {listed(duplicates)}; rename them"
        )
    typed = file_format in TYPED_FORMATS
    return Dataset(_apply_options(path, table, options, typed=typed), typed)


def _apply_options(path: Path, table: pd.DataFrame, options: SourceOptions, *, typed: bool) -> pd.DataFrame:
    table.columns = table.columns.map(str)
    if options.header is not False and options.columns is not None:
        require_columns(list(table.columns), options.columns, "source.columns")
        table = table[list(options.columns)]
    if typed:
        table = _convert(path, table, options)
    for name in options.dates:
        table = table.assign(**{name: _parse_dates(path, table[name])})
    return table


def _convert(path: Path, table: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    require_columns(list(table.columns), (*options.dtypes, *options.dates), "source.dtypes or source.dates")
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


def _join(files: Sequence[Path], datasets: Sequence[Dataset]) -> Dataset:
    import pandas as pd

    if len(files) == 1:
        return datasets[0]
    for file, dataset in zip(files[1:], datasets[1:], strict=True):
        _check_same_columns(files[0], datasets[0].table, file, dataset.table)
    table = pd.concat([dataset.table for dataset in datasets], ignore_index=True)
    return Dataset(table, all(dataset.typed for dataset in datasets))


def _check_same_columns(first_file: Path, first: pd.DataFrame, file: Path, table: pd.DataFrame) -> None:
    _check_same_names(first_file, list(first.columns), file, list(table.columns))
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


def _check_same_names(first_file: Path, first: list[str], file: Path, names: list[str]) -> None:
    if differing := set(names) ^ set(first):
        raise UnreadableDatasetError(
            file,
            f"its columns are not those of {first_file.name}: only one of the two has {listed(sorted(differing))}",
        )
