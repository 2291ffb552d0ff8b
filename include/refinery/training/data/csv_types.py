"""Correct the types of a text table's columns where pandas decided them block by block or lost digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.training.data.column_types import beyond_exact, settle_column
from refinery.training.errors import unreadable
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    # Reads the columns at some positions again, with further arguments of pandas.read_csv.
    Reread = Callable[..., pd.DataFrame]

# From this many digits on, a whole number may be beyond what floating point numbers distinguish.
_DIGITS = 16
_WHOLE_NUMBER = r"\s*[+-]?\d+\s*"
_FORMS = {
    "int": _WHOLE_NUMBER,
    "float": r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*|[+-]?inf(inity)?|nan",
    "bool": r"true|false",
}


def correct_types(table: pd.DataFrame, declared: Collection[str], reread: Reread) -> pd.DataFrame:
    """Read columns again whose type depends on the table's size, or whose whole numbers have lost digits.

    pandas infers types for blocks of a large file, so that a column may become numbers here and text there; read as
    whole columns they have one type. It turns whole numbers with gaps into floating point numbers.

    Args:
        table: The table as `pandas.read_csv` gives it.
        declared: The columns whose type the options say; they stay as they are.
        reread: Reads the columns at the given positions of the same rows again.
    """
    inferred = [at for at, name in enumerate(table.columns) if name not in declared]
    dtypes = list(table.dtypes)
    if mixed := [at for at in inferred if dtypes[at] == "object"]:
        table = _replaced(table, mixed, reread(mixed, low_memory=False))
    if inexact := [at for at in inferred if _may_have_lost_digits(table.iloc[:, at])]:
        texts = reread(inexact, dtype="str")
        whole = [at for at in range(len(inexact)) if _are_whole_numbers(texts.iloc[:, at])]
        for at in whole:
            table = _replaced(table, [inexact[at]], _exact(texts.iloc[:, at]).to_frame())
    return table


def explain_dtypes(
    path: Path, dtypes: Mapping[str, str], read_texts: Callable[[str], pd.Series[Any]]
) -> None:
    """Find the column that does not have its declared type, after pandas refused one without naming it.

    Raises:
        DatasetError: A value of a column is not of its type, or missing where the type has no missing values.
    """
    for name, dtype in dtypes.items():
        if dtype not in _FORMS:
            continue
        texts = read_texts(name)
        unfit = ~texts.str.fullmatch(_FORMS[dtype], case=False, na=dtype == "float")
        if unfit.any():
            row = int(unfit.to_numpy().argmax())
            value = texts.iloc[row]
            holds = f"holds {quoted(value[:40])}" if isinstance(value, str) else "has no value"
            problem = f"source.dtypes: the column {quoted(name)} is not {dtype}: row {row + 1} {holds}"
            raise unreadable(path, problem)


def _replaced(table: pd.DataFrame, positions: Sequence[int], columns: pd.DataFrame) -> pd.DataFrame:
    new = {at: columns.iloc[:, position] for position, at in enumerate(positions)}
    return table.assign(**{str(table.columns[at]): column.array for at, column in new.items()})


def _may_have_lost_digits(column: pd.Series[Any]) -> bool:
    if column.dtype.kind == "f":
        return beyond_exact(column)
    # Beyond 64 bits pandas gives Python's numbers, or text whose gaps are empty text.
    first = str(next(iter(column.dropna().head(1)), "")) if column.dtype.kind == "O" else ""
    return len(first) >= _DIGITS and first.strip().lstrip("+-").isdecimal()


def _are_whole_numbers(texts: pd.Series[Any]) -> bool:
    return bool(texts.dropna().str.fullmatch(_WHOLE_NUMBER).all())


def _exact(texts: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    numbers = [None if missing else int(text) for text, missing in zip(texts, texts.isna(), strict=True)]
    return settle_column(pd.Series(numbers, index=texts.index, dtype="object"))
