"""Reads a dataset into a table, and never guesses in silence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.dataset_head import (
    check_zstd_end,
    damage_error,
    damage_errors,
    encoding_error,
    read_head,
)
from include.training.errors import EmptyDatasetError, UnreadableDatasetError, listed
from include.training.formats import (
    TYPED_FORMATS,
    find_format,
    read_csv,
    read_json_lines,
    read_parquet,
    require_columns,
)
from include.training.stream_limits import check_limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

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
    try:
        if file_format != "parquet":
            check_limits(head, options.max_uncompressed, whole=rows is None)
        if head.compression == "zstd" and rows is None:
            check_zstd_end(path)
        if file_format == "parquet":
            table = read_parquet(path, rows)
        elif file_format == "jsonl":
            table = read_json_lines(head, options, rows)
        else:
            table = read_csv(head, file_format, options, rows)
    except UnicodeDecodeError as error:
        raise encoding_error(path, options.encoding, error) from error
    except damage_errors(head.compression) as error:
        raise damage_error(path, head.compression, error) from error
    except (ValueError, TypeError, csv.Error) as error:
        raise UnreadableDatasetError(path, f"it cannot be read as {file_format}: {error}") from error
    if table.empty:
        raise EmptyDatasetError(path, f"the file has columns ({listed(table.columns)}) but no rows")
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
