"""Read a large text table of numbers in blocks, several at once, so that memory never holds a second copy."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

    Span = tuple[int, int]

# Below this size, what pandas itself needs to read a table does not matter.
LARGE_BYTES = 64 * 1024 * 1024
_BLOCK_BYTES = 4 * 1024 * 1024
# pandas takes some time for each column of a block, so blocks of many columns are larger, within what memory allows.
_BYTES_PER_COLUMN = 32 * 1024
_MOST_BLOCK_BYTES = 32 * 1024 * 1024
# More threads would read faster than one can join what they read.
_MOST_THREADS = 6
# A part that fits into a processor's cache.
_CACHED_BYTES = 256 * 1024


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
    import pandas as pd

    if "\n".encode(arguments.get("encoding") or "utf-8") != b"\n":
        return None
    if (spans := _find_spans(path, block_bytes)) is None:
        return None
    threads = min(joblib.cpu_count(), _MOST_THREADS)
    try:
        first = _read_block(path, spans[0], arguments)
        # pandas accepts a first row of more values than names, and then takes those before as row labels.
        later = {**arguments, "header": None, "names": list(first.columns), "index_col": None}
        others = _read_ahead(lambda span: _read_block(path, span, later), spans[1:], threads)
        return _join(first, others, _count_lines(path))
    except (ValueError, OverflowError, pd.errors.ParserWarning):
        return None


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


def _read_ahead(
    read: Callable[[Span], pd.DataFrame], spans: Sequence[Span], threads: int
) -> Iterator[pd.DataFrame]:
    """Yield blocks in order, while threads read a few of the next ones."""
    with ThreadPoolExecutor(threads) as pool:
        ahead = deque(pool.submit(read, span) for span in spans[:threads])
        for span in spans[threads:]:
            yield ahead.popleft().result()
            ahead.append(pool.submit(read, span))
        while ahead:
            yield ahead.popleft().result()


def _join(first: pd.DataFrame, others: Iterable[pd.DataFrame], most_rows: int) -> pd.DataFrame | None:
    import numpy as np
    import pandas as pd

    dtype = first.dtypes.iloc[0]
    columns: list[np.ndarray[Any, Any]] = []
    filled = 0
    for block in chain([first], others):
        if block.empty:
            continue
        has_labels = not isinstance(block.index, pd.RangeIndex)
        if has_labels or not _fits(block, dtype) or filled + len(block) > most_rows:
            return None
        columns = columns or [np.empty(most_rows, dtype) for _ in first.columns]
        for column, (_, values) in zip(columns, block.items(), strict=True):
            column[filled : filled + len(block)] = values.to_numpy()
        filled += len(block)
    table = pd.DataFrame({at: column[:filled] for at, column in enumerate(columns)}, copy=False)
    return table.set_axis(first.columns, axis="columns")


def _fits(block: pd.DataFrame, dtype: np.dtype[Any]) -> bool:
    # A block whose numbers happen to be whole is read as integers, which floating point numbers hold.
    kinds = {column.kind for column in block.dtypes}
    return (dtype.kind == "f" and kinds <= {"i", "f"}) or (dtype.kind == "i" and set(block.dtypes) == {dtype})


def _count_lines(path: Path) -> int:
    import numpy as np

    ends, part = 0, bytearray(_CACHED_BYTES)
    with path.open("rb", buffering=0) as file:
        while read := file.readinto(part):
            ends += int(np.count_nonzero(np.frombuffer(part, np.uint8, read) == ord("\n")))
    return 1 + ends
