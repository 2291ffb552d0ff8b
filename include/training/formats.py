"""Knows the formats of datasets' files, and reads each with pandas."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

from include.training.errors import ColumnNotFoundError, UnreadableDatasetError, listed
from include.training.number_table import LARGE_BYTES, read_number_table
from include.training.text_layout import BLANKS, check_layout, check_row_ends

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from include.training.dataset_head import DatasetHead
    from include.training.source_options import SourceOptions
    from include.training.text_layout import TextLayout

FORMATS = ("csv", "tsv", "parquet", "jsonl")
# Files of these say their columns' types; of others they are guessed from text.
TYPED_FORMATS = ("parquet", "jsonl")
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
_COMPRESSION_SUFFIXES = (".gz", ".zst", ".bz2", ".xz", ".zip")


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


def read_csv(head: DatasetHead, file_format: str, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    """Read a text table whose layout is checked first.

    Raises:
        UnreadableDatasetError: It is not laid out as the options say.
        ColumnNotFoundError: An option names a column that is not there.
    """
    import pandas as pd

    layout, arguments = _csv_layout(head, file_format, options)
    with _strict_parsing(head.path):
        table = _read_in_blocks(head, arguments) if rows is None else None
        if table is None:
            table = pd.read_csv(head.path, compression=head.compression, nrows=rows, **arguments)
    if rows is None and table[table.columns[-1]].isna().any():
        check_row_ends(head, len(layout.names), options, find_separator(file_format, options))
    return table


def read_csv_batches(
    head: DatasetHead, file_format: str, options: SourceOptions, rows: int
) -> Iterator[pd.DataFrame]:
    """Read a text table as `read_csv` does, so many rows at a time.

    Raises:
        UnreadableDatasetError: It is not laid out as the options say.
        ColumnNotFoundError: An option names a column that is not there.
    """
    import pandas as pd

    layout, arguments = _csv_layout(head, file_format, options)
    ends_checked = False
    with pd.read_csv(head.path, compression=head.compression, chunksize=rows, **arguments) as batches:
        while True:
            with _strict_parsing(head.path):
                batch = next(batches, None)
            if batch is None:
                return
            if not ends_checked and batch[batch.columns[-1]].isna().any():
                check_row_ends(head, len(layout.names), options, find_separator(file_format, options))
                ends_checked = True
            yield batch


def read_parquet(path: Path, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    """Read a Parquet file, or its first rows."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        if rows is None:
            return pd.read_parquet(path).astype(_decimals(file.schema_arrow, options))
        first = next(file.iter_batches(batch_size=rows), None)
        table: pd.DataFrame = pa.Table.from_batches(
            [first] if first else [], schema=file.schema_arrow
        ).to_pandas()
        return table.astype(_decimals(file.schema_arrow, options))


def read_parquet_batches(path: Path, options: SourceOptions, rows: int) -> Iterator[pd.DataFrame]:
    """Read a Parquet file, so many rows at a time."""
    from pyarrow.parquet import ParquetFile

    # Buffering ahead would hold a whole group of rows, decoded or not.
    with ParquetFile(path, pre_buffer=False) as file:
        types = _decimals(file.schema_arrow, options)
        for batch in file.iter_batches(batch_size=rows):
            yield batch.to_pandas().astype(types)


def read_json_lines(head: DatasetHead, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    """Read JSON lines, or the first of them, with their types as written."""
    import pandas as pd

    table: pd.DataFrame = pd.read_json(head.path, nrows=rows, **_json_arguments(head, options))
    return table


def read_json_batches(head: DatasetHead, options: SourceOptions, rows: int) -> Iterator[pd.DataFrame]:
    """Read JSON lines, so many at a time, with their types as written."""
    import pandas as pd

    with pd.read_json(head.path, chunksize=rows, **_json_arguments(head, options)) as batches:
        yield from batches


def require_columns(columns: Sequence[str], names: Sequence[str], role: str) -> None:
    """Check that the names that an option gives are columns.

    Raises:
        ColumnNotFoundError: One is not.
    """
    if missing := [name for name in names if name not in columns]:
        raise ColumnNotFoundError(missing, role, columns)


def _read_in_blocks(head: DatasetHead, arguments: dict[str, Any]) -> pd.DataFrame | None:
    if head.compression is not None or head.path.stat().st_size < LARGE_BYTES:
        return None
    return read_number_table(head.path, arguments)


def _decimals(schema: Any, options: SourceOptions) -> dict[str, str]:
    """Give decimal columns the type of numbers: pandas holds them as objects, which models take for text or categories.

    Those that source.dtypes names keep their digits, as numbers of accounts may need.
    """
    import pyarrow as pa

    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return {
        field.name: "float64"
        for field in schema
        if pa.types.is_decimal(field.type) and field.name not in options.dtypes and field.name not in index
    }


def find_separator(file_format: str, options: SourceOptions) -> str:
    """Give what separates the columns of a text table."""
    return options.separator or ("\t" if file_format == "tsv" else ",")


def _csv_layout(
    head: DatasetHead, file_format: str, options: SourceOptions
) -> tuple[TextLayout, dict[str, Any]]:
    separator = find_separator(file_format, options)
    text = head.table_text(options.encoding)
    layout = check_layout(head.path, text, options, separator, complete=head.complete)
    require_columns(layout.names, (*options.dtypes, *options.dates), "source.dtypes or source.dates")
    return layout, _csv_arguments(layout, separator, options)


@contextlib.contextmanager
def _strict_parsing(path: Path) -> Iterator[None]:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Columns of mixed types are told by their column and value later.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        try:
            yield
        except pd.errors.ParserWarning as error:
            raise UnreadableDatasetError(path, "rows have more values than the header has names") from error


def _json_arguments(head: DatasetHead, options: SourceOptions) -> dict[str, Any]:
    if head.text(options.encoding).lstrip().startswith("["):
        raise UnreadableDatasetError(
            head.path, "it is one JSON array; write an object on each line instead (jq -c '.[]' does it)"
        )
    # pandas would turn "007" into 7 and any column named like a date into dates.
    return {"lines": True, "dtype": False, "compression": head.compression, "encoding": options.encoding}


def _csv_arguments(layout: TextLayout, separator: str, options: SourceOptions) -> dict[str, Any]:
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
