"""Read a large text table of numbers in blocks, several at once, so that memory never holds a second copy."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

    Column = np.ndarray[Any, Any]
    Span = tuple[int, int]

# Below this size, what pandas itself needs to read a table does not matter.
LARGE_BYTES = 64 * 1024 * 1024
_BLOCK_BYTES = 4 * 1024 * 1024
# pandas takes some time for each column of a block, so blocks of many columns are larger, within what memory allows.
_BYTES_PER_COLUMN = 32 * 1024
_MOST_BLOCK_BYTES = 32 * 1024 * 1024
# Each thread holds a block, and memory is not faster than a few of them.
_MOST_THREADS = 6
# A part that fits into a processor's cache.
_CACHED_BYTES = 256 * 1024


class _OtherTableError(ValueError):
    """A block is no part of a table of numbers of one type."""


def choose_block_bytes(columns: int) -> int:
    """Return the size of the blocks to read a table of that many columns in."""
    return min(max(_BLOCK_BYTES, columns * _BYTES_PER_COLUMN), _MOST_BLOCK_BYTES)


def read_number_table(
    path: Path, arguments: Mapping[str, Any], *, block_bytes: int = _BLOCK_BYTES
) -> pd.DataFrame | None:
    """Read a text table whose columns are all numbers of one type, with the values that pandas would read as a whole.

    Args:
        path: The file, not compressed.
        arguments: The arguments of `pandas.read_csv`.
        block_bytes: About how many bytes a block has.

    Returns:
        The table, each column a separate array. None where a column holds something else, or where a block cannot be read
        alone: reading the table as a whole then also finds the row of an error.
    """
    import joblib
    import numpy as np
    import pandas as pd

    if "\n".encode(arguments.get("encoding") or "utf-8") != b"\n":
        return None
    if (spans := _find_spans(path, block_bytes)) is None:
        return None
    try:
        first = _read_block(path, spans[0], arguments)
        if first.empty or not _fits(first, dtype := first.dtypes.iloc[0]):
            return None
        # pandas accepts a first row of more values than names, and then takes those before as row labels.
        later = {**arguments, "header": None, "names": list(first.columns), "index_col": None}
        with ThreadPoolExecutor(min(joblib.cpu_count(), _MOST_THREADS)) as pool:
            lines = list(pool.map(partial(_count_lines, path), spans))
            *starts, most_rows = accumulate(lines, initial=0)
            columns = [np.empty(most_rows, dtype) for _ in first.columns]
            _put(first, columns, 0, lines[0])

            def read(span: Span, start: int, most: int) -> int:
                return _put(_read_block(path, span, later), columns, start, most)

            rows = [len(first), *pool.map(read, spans[1:], starts[1:], lines[1:])]
    except (ValueError, OverflowError, pd.errors.ParserWarning):
        return None
    filled = _close_gaps(columns, zip(starts, rows, strict=True))
    table = pd.DataFrame({at: column[:filled] for at, column in enumerate(columns)}, copy=False)
    return table.set_axis(first.columns, axis="columns")


def _find_spans(path: Path, block_bytes: int) -> list[Span] | None:
    """Return where the blocks of whole lines start and end; None where lines do not end with a line feed."""
    spans = []
    with path.open("rb") as file:
        size, start = path.stat().st_size, 0
        while start < size:
            file.seek(min(start + block_bytes, size))
            line = file.readline(LARGE_BYTES)
            end = file.tell()
            if end < size and not line.endswith(b"\n"):
                return None
            spans.append((start, end))
            start = end
    return spans


def _read_block(path: Path, span: Span, arguments: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    start, end = span
    with path.open("rb") as file:
        file.seek(start)
        text = io.BytesIO(file.read(end - start))
    try:
        block: pd.DataFrame = pd.read_csv(text, **{**arguments, "low_memory": False})
    except pd.errors.EmptyDataError:  # blank lines alone
        return pd.DataFrame()
    return block


def _put(block: pd.DataFrame, columns: Sequence[Column], start: int, most_rows: int) -> int:
    """Copy a block to its place in the columns, and return how many rows it has.

    Raises:
        _OtherTableError: It does not belong there.
    """
    import pandas as pd

    if block.empty:
        return 0
    has_labels = not isinstance(block.index, pd.RangeIndex)
    if has_labels or not _fits(block, columns[0].dtype) or len(block) > most_rows:
        raise _OtherTableError
    for column, (_, values) in zip(columns, block.items(), strict=True):
        column[start : start + len(block)] = values.to_numpy()
    return len(block)


def _fits(block: pd.DataFrame, dtype: np.dtype[Any]) -> bool:
    # A block whose numbers happen to be whole is read as integers, which floating point numbers hold.
    kinds = {column.kind for column in block.dtypes}
    return (dtype.kind == "f" and kinds <= {"i", "f"}) or (dtype.kind == "i" and set(block.dtypes) == {dtype})


def _count_lines(path: Path, span: Span) -> int:
    import numpy as np

    start, end = span
    lines, last, part = 0, b"\n", memoryview(bytearray(_CACHED_BYTES))
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while start < end and (read := file.readinto(part[: end - start])):
            lines += int(np.count_nonzero(np.frombuffer(part, np.uint8, read) == ord("\n")))
            last = bytes(part[read - 1 : read])
            start += read
    return lines + (last != b"\n")


def _close_gaps(columns: Sequence[Column], blocks: Iterable[tuple[int, int]]) -> int:
    """Move blocks of rows up to those before, where blank lines left room, and return how many rows there are."""
    filled = 0
    for start, rows in blocks:
        if start != filled:
            for column in columns:
                column[filled : filled + rows] = column[start : start + rows]
        filled += rows
    return filled
