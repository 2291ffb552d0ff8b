"""Take parts of a table's rows column by column, so that memory hardly ever holds a column twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd

    Rows = np.ndarray[Any, np.dtype[np.intp]]

# Below this size, a second copy does not matter.
_LARGE_BYTES = 32 * 1024 * 1024


def columns_of(table: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Return a table's columns by name."""
    return {str(name): column for name, column in table.items()}


def take_parts(
    columns: dict[str, pd.Series[Any]], parts: Sequence[Rows], labels: Sequence[pd.Index[Any]]
) -> list[pd.DataFrame]:
    """Return a table for each part of the rows.

    Args:
        columns: The columns by name. Each is removed once its rows are taken; where nothing else holds it, its memory is free.
        parts: The positions of the rows of each part.
        labels: The row labels of each part.
    """
    import pandas as pd

    if sum(column.nbytes for column in columns.values()) < _LARGE_BYTES:
        table = pd.DataFrame(columns, copy=False)
        return [table.iloc[rows].set_axis(index) for rows, index in zip(parts, labels, strict=True)]
    if _are_numbers_of_one_type(list(columns.values())):
        return _take_numbers(columns, parts, labels)
    taken: list[dict[str, pd.Series[Any]]] = [{} for _ in parts]
    for name in list(columns):
        column = columns.pop(name)
        for part, rows, index in zip(taken, parts, labels, strict=True):
            part[name] = pd.Series(column.array.take(rows), index=index, dtype=column.dtype, copy=False)
    return [pd.DataFrame(part, index=index, copy=False) for part, index in zip(taken, labels, strict=True)]


def _are_numbers_of_one_type(columns: Sequence[pd.Series[Any]]) -> bool:
    import numpy as np

    dtype = columns[0].dtype
    are_numbers = isinstance(dtype, np.dtype) and dtype.kind in "iuf"
    return are_numbers and all(column.dtype == dtype for column in columns)


def _take_numbers(
    columns: dict[str, pd.Series[Any]], parts: Sequence[Rows], labels: Sequence[pd.Index[Any]]
) -> list[pd.DataFrame]:
    """Take rows into one array for each part: an estimator uses that without a copy, but copies separate columns into one."""
    import joblib
    import numpy as np
    import pandas as pd

    names = list(columns)
    dtype = cast("np.dtype[Any]", columns[names[0]].dtype)
    arrays = [np.empty((len(names), len(rows)), dtype) for rows in parts]

    def take(position: int) -> None:
        values = columns.pop(names[position]).to_numpy()
        for array, rows in zip(arrays, parts, strict=True):
            array[position] = values.take(rows)

    with ThreadPoolExecutor(joblib.cpu_count()) as pool:
        for _ in pool.map(take, range(len(names))):
            pass
    return [
        pd.DataFrame(array.T, index=index, columns=names, copy=False)
        for array, index in zip(arrays, labels, strict=True)
    ]
