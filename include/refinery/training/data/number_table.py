"""Read a large text table of numbers block by block into one array, so that memory never holds a second copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd

# Below this size, what pandas itself needs to read a table does not matter.
LARGE_BYTES = 64 * 1024 * 1024
_BLOCK_ROWS = 65_536
_BLOCK_BYTES = 16 * 1024 * 1024


def read_number_table(
    path: Path, arguments: Mapping[str, Any], *, block_rows: int = _BLOCK_ROWS
) -> pd.DataFrame | None:
    """Read a text table whose columns are all numbers of one type, with the values that pandas would read as a whole.

    Args:
        path: The file, not compressed.
        arguments: The arguments of `pandas.read_csv`.
        block_rows: How many rows a block has.

    Returns:
        The table; None where a column is something else, so that it must be read as a whole.
    """
    import pandas as pd

    with pd.read_csv(path, chunksize=block_rows, **arguments) as blocks:
        return _join(blocks, _count_lines(path))


def _join(blocks: Iterable[pd.DataFrame], most_rows: int) -> pd.DataFrame | None:
    import numpy as np
    import pandas as pd

    # A row of the array is a column of the table, as pandas keeps it, so that it uses the array as it is.
    values: np.ndarray[Any, Any] | None = None
    names: pd.Index[Any] = pd.Index([])
    filled = 0
    for block in blocks:
        if values is None:
            names = block.columns
            values = np.empty((len(names), most_rows), dtype=block.dtypes.iloc[0])
        if not _fits(block, values.dtype) or filled + len(block) > most_rows:
            return None
        values[:, filled : filled + len(block)] = block.to_numpy().T
        filled += len(block)
    return None if values is None else pd.DataFrame(values[:, :filled].T, columns=names, copy=False)


def _fits(block: pd.DataFrame, dtype: np.dtype[Any]) -> bool:
    # A block whose numbers happen to be whole is read as integers, which floating point numbers hold.
    kinds = {column.kind for column in block.dtypes}
    return (dtype.kind == "f" and kinds <= {"i", "f"}) or (dtype.kind == "i" and set(block.dtypes) == {dtype})


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return 1 + sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK_BYTES), b""))
