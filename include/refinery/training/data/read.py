"""Read a dataset into a table, and never guess silently."""

from __future__ import annotations

import contextlib
import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from refinery.training.data.column_types import declare_type, joined, settle_types
from refinery.training.data.dates import read_dates
from refinery.training.data.formats import (
    TYPED_FORMATS,
    find_format,
    read_csv,
    read_csv_batches,
    require_columns,
)
from refinery.training.data.number_columns import read_number_columns
from refinery.training.data.probe import (
    check_zstd_end,
    damage_error,
    damage_errors,
    late_encoding_error,
    read_head,
)
from refinery.training.data.stream_limits import check_limits
from refinery.training.data.typed_files import (
    read_json_batches,
    read_json_lines,
    read_parquet,
    read_parquet_batches,
)
from refinery.training.errors import empty, unreadable
from refinery.wording import listed, quoted
from refinery.yaml_text import write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions
    from refinery.training.data.probe import DatasetHead


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as read.

    Attributes:
        table: Its rows and columns.
        typed: Whether the file declares its columns' types; otherwise they were guessed from text.
        dates: The format of each column that was read as dates from texts or numbers.
    """

    table: pd.DataFrame
    typed: bool
    dates: Mapping[str, str] = field(default_factory=dict)


def read_dataset(path: Path, options: SourceOptions, *, rows: int | None = None) -> Dataset:
    """Read a table from a file, or one table from all files in a folder, sorted by name.

    Args:
        path: The file or folder.
        options: How to read it.
        rows: How many first rows of each file to read; None reads all.

    Raises:
        DatasetError: A file is not what it seems; `SourceOptionError` where an option helps; or there are no rows.
        ColumnNotFoundError: An option names a column that is not there.
    """
    files = list_files(path)
    datasets = [_read_file(file, options, rows) for file in files]
    parts = [(file, len(dataset.table)) for file, dataset in zip(files, datasets, strict=True)]
    joined = _join(files, datasets)
    table, dates = read_dates(joined.table, options, parts)
    return Dataset(table, joined.typed, dates)


def read_batches(
    path: Path, options: SourceOptions, rows: int, *, checked: bool = False
) -> Iterator[Dataset]:
    """Read a table in batches, file by file; options mean the same as for `read_dataset`.

    A column's type may differ between batches where the file does not declare it. Only dates that `source.dates` names with
    their format are read as dates: a batch says nothing about other rows.

    Args:
        path: The file or folder.
        options: How to read it.
        rows: How many rows a batch has.
        checked: Whether an earlier reading showed that the files are complete and within limits.

    Raises:
        DatasetError: A file is not what it seems, or there are no rows.
        ColumnNotFoundError: An option names a column that is not there.
    """
    columns: list[str] = []
    files = list_files(path)
    for file in files:
        read = 0
        for batch in _read_file_batches(file, options, rows, checked=checked):
            columns = columns or list(batch.table.columns)
            _check_same_names(files[0], columns, file, list(batch.table.columns))
            if batch.table.empty:
                raise empty(file, f"the file has columns ({listed(columns)}) but no rows")
            parts = [(file, len(batch.table))]
            table, dates = read_dates(batch.table[columns], options, parts, rows_before=read, infer=False)
            read += len(batch.table)
            yield Dataset(table, batch.typed, dates)
        if not read:
            raise empty(file, "the file has no rows")


def list_files(path: Path) -> list[Path]:
    """Return the files of a dataset, sorted: the only one, or those in its folder that are not hidden.

    Raises:
        DatasetError: The folder holds none.
    """
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if not files:
        raise empty(path, "the folder holds no files")
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
            raise empty(path, f"the file has columns ({listed(table.columns)}) but no rows")
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
        read = 0
        for table in tables:
            yield _as_dataset(path, table, file_format, options, rows_before=read)
            read += len(table)


def _check_whole_file(head: DatasetHead, file_format: str, options: SourceOptions, *, whole: bool) -> None:
    if file_format == "parquet" and head.compression:
        raise unreadable(
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
    except (ValueError, TypeError, NotImplementedError, csv.Error) as error:
        raise unreadable(head.path, f"it cannot be read as {file_format}: {error}") from error


def _as_dataset(
    path: Path, table: pd.DataFrame, file_format: str, options: SourceOptions, *, rows_before: int = 0
) -> Dataset:
    if not table.columns.is_unique:
        duplicates = table.columns[table.columns.duplicated()].unique()
        raise unreadable(path, f"more than one column has the name {listed(duplicates)}; rename them")
    typed = file_format in TYPED_FORMATS
    return Dataset(_decide_types(path, table, options, typed=typed, rows_before=rows_before), typed)


def _decide_types(
    path: Path, table: pd.DataFrame, options: SourceOptions, *, typed: bool, rows_before: int
) -> pd.DataFrame:
    """Convert a table as written to one whose columns have their final types: nothing parses text after this."""
    table = _choose_columns(table, options)
    if typed:
        table = _declare_types(path, table, options)
    require_columns(list(table.columns), tuple(options.numbers), "source.numbers")
    table = read_number_columns(path, table, options, typed=typed, rows_before=rows_before)
    return settle_types(table)


def _choose_columns(table: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    table.columns = table.columns.map(str)
    if options.header is False or options.columns is None:
        return table
    require_columns(list(table.columns), options.columns, "source.columns")
    return table[list(options.columns)]


def _declare_types(path: Path, table: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    require_columns(list(table.columns), (*options.dtypes, *options.dates), "source.dtypes or source.dates")
    if options.null_values:
        table = table.replace(list(options.null_values), None)
    declared = {}
    for name, dtype in options.dtypes.items():
        try:
            declared[name] = declare_type(table[name], dtype)
        except (ValueError, TypeError) as error:
            problem = f"source.dtypes: the column {quoted(name)} is not {dtype}: {error}"
            raise unreadable(path, problem) from error
    return table.assign(**declared)


def _join(files: Sequence[Path], datasets: Sequence[Dataset]) -> Dataset:
    if len(files) == 1:
        return datasets[0]
    for file, dataset in zip(files[1:], datasets[1:], strict=True):
        _check_same_columns(files[0], datasets[0].table, file, dataset.table)
    return Dataset(
        joined([dataset.table for dataset in datasets]), all(dataset.typed for dataset in datasets)
    )


def _check_same_columns(first_file: Path, first: pd.DataFrame, file: Path, table: pd.DataFrame) -> None:
    _check_same_names(first_file, list(first.columns), file, list(table.columns))
    for name in first.columns:
        here, there = table[name].dtype, first[name].dtype
        if (
            (here.kind == "O") != (there.kind == "O")
            and table[name].notna().any()
            and first[name].notna().any()
        ):
            raise unreadable(
                file,
                f"the column {quoted(name)} is {here} here and {there} in {first_file.name}; write its values the same way in all files, or, "
                f"if it is text on purpose, set source.dtypes to {write_yaml({name: 'str'})}",
            )


def _check_same_names(first_file: Path, first: list[str], file: Path, names: list[str]) -> None:
    if differing := set(names) ^ set(first):
        raise unreadable(
            file,
            f"its columns are not those of {first_file.name}: only one of the two has {listed(sorted(differing))}",
        )
