"""Read the files that say their columns' types: Parquet, and JSON lines with every value as written."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from refinery.training.data.column_types import LARGEST_EXACT
from refinery.training.errors import unreadable
from refinery.wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from refinery.spec.source_options import SourceOptions
    from refinery.training.data.probe import DatasetHead
    from refinery.training.errors import DatasetError


def read_parquet(path: Path, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    """Read a Parquet file, or its first rows."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        columns = _columns_to_read(file.schema_arrow, options)
        if rows is None:
            return _from_arrow(path, file.read(columns), options)
        first = next(file.iter_batches(batch_size=rows, columns=columns), None)
        table = pa.Table.from_batches([first]) if first else file.schema_arrow.empty_table()
        return _from_arrow(path, table, options)


def read_parquet_batches(path: Path, options: SourceOptions, rows: int) -> Iterator[pd.DataFrame]:
    """Read a Parquet file in batches of the given number of rows."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    # Buffering ahead would hold a whole row group, decoded or not.
    with ParquetFile(path, pre_buffer=False) as file:
        columns = _columns_to_read(file.schema_arrow, options)
        for batch in file.iter_batches(batch_size=rows, columns=columns):
            yield _from_arrow(path, pa.Table.from_batches([batch]), options)


def read_json_lines(head: DatasetHead, options: SourceOptions, rows: int | None) -> pd.DataFrame:
    """Read JSON lines, or the first of them, with their types as written."""
    import pandas as pd

    return next(read_json_batches(head, options, rows), pd.DataFrame())


def read_json_batches(head: DatasetHead, options: SourceOptions, rows: int | None) -> Iterator[pd.DataFrame]:
    """Read JSON lines in batches of the given number of rows, with their types as written; None puts all into one.

    Raises:
        DatasetError: A line is not a JSON object.
    """
    if head.text(options.encoding).lstrip().startswith("["):
        raise unreadable(
            head.path, "it is one JSON array; write an object on each line instead (jq -c '.[]' does it)"
        )
    with head.open_text(options.encoding) as text:
        records = _records(head.path, text)
        while batch := list(islice(records, rows)):
            yield _to_table(batch)


def _records(path: Path, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            problem = f"line {number} is not JSON ({error}); write an object on each line"
            raise unreadable(path, problem) from error
        if not isinstance(record, dict):
            problem = f"line {number} is not a JSON object but {quoted(line.strip()[:40])}; write an object on each line"
            raise unreadable(path, problem)
        yield record


def _to_table(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    return pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in columns.items()})


def _from_arrow(path: Path, table: pa.Table, options: SourceOptions) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    except LookupError as error:
        raise _unknown_zone(path, table, error) from error
    exact = {
        name: column.to_pandas(types_mapper=_nullable_integer)
        for name, column in zip(table.column_names, table.columns, strict=True)
        if name in frame.columns and _loses_digits(column, declared=name in options.dtypes)
    }
    for name, values in exact.items():
        frame[name] = values.set_axis(frame.index)
    return frame.astype(_decimals(table.schema, options))


def _unknown_zone(path: Path, table: pa.Table, error: LookupError) -> DatasetError:
    zone = str(error.args[0])
    names = [field.name for field in table.schema if f"tz={zone}]" in str(field.type)]
    return unreadable(
        path,
        f"the time zone {quoted(zone)} of {listed(names)} is unknown; write the times in UTC, or list only the other columns "
        "in source.columns",
    )


def _columns_to_read(schema: pa.Schema, options: SourceOptions) -> list[str] | None:
    """Return the columns that `source.columns` chooses, and those of the rows' labels; None for all.

    A name that is not there is reported later, beside those that are.
    """
    if options.columns is None or not {*options.columns} <= {*schema.names}:
        return None
    return [*options.columns, *(name for name in _index_columns(schema) if name not in options.columns)]


def _index_columns(schema: pa.Schema) -> list[str]:
    """Return the columns that pandas wrote for the rows' labels; a range of numbers has none."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in index if isinstance(name, str)]


def _loses_digits(column: pa.ChunkedArray, *, declared: bool) -> bool:
    """Return whether pandas would turn whole numbers into floats that do not hold, or write, them exactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(column.type) or not column.null_count or column.null_count == len(column):
        return False
    bounds = pc.min_max(column).as_py()
    return declared or max(abs(bounds["min"]), abs(bounds["max"])) >= LARGEST_EXACT


def _nullable_integer(kind: pa.DataType) -> Any:
    import pandas as pd
    import pyarrow as pa

    return pd.UInt64Dtype() if pa.types.is_unsigned_integer(kind) else pd.Int64Dtype()


def _decimals(schema: pa.Schema, options: SourceOptions) -> dict[str, str]:
    """Return the columns of decimals with a type of numbers: pandas holds them as objects, which models take for categories.

    Those that source.dtypes names keep their digits, which account numbers may need.
    """
    import pyarrow as pa

    index = _index_columns(schema)
    return {
        field.name: "float64"
        for field in schema
        if pa.types.is_decimal(field.type) and field.name not in options.dtypes and field.name not in index
    }
