"""Decide each column's type once, when a dataset is read: numbers, truth values, text, categories, dates."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from refinery.training.errors import unreadable
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

# Floating point numbers hold every whole number up to this one, and not all beyond.
LARGEST_EXACT = 2**53
# For each kind of objects, the types that may hold the same values; the first that does is used.
_TYPES_OF_OBJECTS: dict[str, tuple[Any, ...]] = {
    "string": ("str",),
    "time": ("str",),
    "boolean": ("boolean",),
    "integer": ("Int64", "UInt64"),
    "floating": ("float64",),
    "mixed-integer-float": ("float64",),
}
_SHOWN = 40


def settle_types(table: pd.DataFrame) -> pd.DataFrame:
    """Convert each column to the plain type that holds its values, so that models and checks meet one type for each kind.

    pandas' nullable types and Arrow's become NumPy's, or pandas' own text. Two types have no plain form and stay
    nullable: truth values with gaps, and whole numbers with gaps that floating point numbers cannot distinguish.
    """
    settled = {position: settle_column(table.iloc[:, position]) for position in range(table.shape[1])}
    changed = {
        position: settled[position]
        for position, dtype in enumerate(table.dtypes)
        if settled[position].dtype is not dtype
    }
    return table.assign(**{str(table.columns[position]): column for position, column in changed.items()})


def declare_type(column: pd.Series[Any], dtype: str) -> pd.Series[Any]:
    """Convert a column of a typed file to the type that the config declares, where no value changes.

    Raises:
        ValueError: A value would.
    """
    kind: Any = dtype
    if dtype not in ("int", "bool"):
        declared: pd.Series[Any] = column.astype(kind)
        return declared
    if missing := int(column.isna().sum()):
        raise ValueError(f"{missing} of {len(column)} rows have no value")
    declared = column.astype(kind)
    plain = settle_column(column)
    changed = declared.astype("str") != plain.astype("str") if plain.dtype.kind == "O" else declared != plain
    if changed.any():
        raise ValueError(f"it holds {quoted(str(column[changed].iloc[0])[:_SHOWN])}")
    return declared


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate tables with the same columns, each column with the one type that holds all values."""
    import pandas as pd

    columns = {}
    for name in tables[0].columns:
        parts = [table[name] for table in tables]
        if all(part.dtype == "category" for part in parts):
            dtype = joint_categories([part.dtype for part in parts])
            parts = [part.astype(dtype) for part in parts]
        elif any(part.dtype.kind in "iu" and beyond_exact(part) for part in parts):
            parts = [_as_nullable(part) for part in parts]
        columns[name] = pd.concat(parts, ignore_index=True)
    return settle_types(pd.DataFrame(columns))


def joint_categories(dtypes: Iterable[Any]) -> Any:
    """Return the type with the categories of all, in order."""
    import pandas as pd

    values = {value: None for dtype in dtypes for value in dtype.categories}
    try:
        return pd.CategoricalDtype(sorted(values))
    except TypeError:  # text and numbers
        return pd.CategoricalDtype(list(values))


def with_categories(column: pd.Series[Any], known: Sequence[Any]) -> pd.Series[Any]:
    """Return a column with the known categories, in their order, followed by the new ones."""
    import pandas as pd

    new = [value for value in column.dropna().unique() if value not in known]
    return column.astype(pd.CategoricalDtype([*known, *new]))


def _as_nullable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Turn floats back into whole numbers where only gaps made them floats."""
    whole = column.dtype.kind == "f" and (column.dropna() % 1 == 0).all()
    return column.astype("Int64") if whole else column


def settle_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Convert a column to the plain type that holds its values; what has none, such as lists, stays as it is."""
    import numpy as np
    import pandas as pd

    settled: pd.Series[Any]
    match column.dtype:
        case np.dtype(kind="O"):
            settled = _settle_objects(column)
        case pd.CategoricalDtype(categories=categories):
            settled = _settle_categories(column, categories.to_series())
        case pd.ArrowDtype(pyarrow_dtype=kind):
            settled = _settle_arrow(column, kind)
        case pd.SparseDtype(subtype=kind):
            settled = column.astype(kind)
        case pd.StringDtype() as text if text.na_value is pd.NA:
            settled = column.astype("str")
        case pd.BooleanDtype() if not column.hasnans:
            settled = column.astype("bool")
        case pd.Float32Dtype():
            settled = column.astype("float32")
        case pd.Float64Dtype():
            settled = column.astype("float64")
        case pd.api.extensions.ExtensionDtype(kind="i" | "u") as nullable:
            settled = _settle_integers(column, nullable)
        case dtype:
            settled = column.dt.start_time if isinstance(dtype, pd.PeriodDtype) else column
    return settled


def _settle_categories(column: pd.Series[Any], categories: pd.Series[Any]) -> pd.Series[Any]:
    settled = settle_column(categories)
    return column if settled is categories else column.cat.rename_categories(settled.to_list())


def _settle_arrow(column: pd.Series[Any], kind: pa.DataType) -> pd.Series[Any]:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_integer(kind):
        nullable = pd.UInt64Dtype() if pa.types.is_unsigned_integer(kind) else pd.Int64Dtype()
        return settle_column(column.astype(nullable))
    values = pa.chunked_array(pa.array(column.array)).to_pandas(date_as_object=False)
    return settle_column(pd.Series(values.array, index=column.index, name=column.name))


def _settle_integers(column: pd.Series[Any], nullable: Any) -> pd.Series[Any]:
    if not column.hasnans:
        return column.astype(nullable.numpy_dtype)
    return column if beyond_exact(column) else column.astype("float64")


def _settle_objects(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "date":
        return pd.to_datetime(column)
    for dtype in _TYPES_OF_OBJECTS.get(kind, ()):
        with contextlib.suppress(OverflowError):  # numbers of more digits than the type holds
            return settle_column(column.astype(dtype))
    return column


def check_types(path: Path, table: pd.DataFrame, target: str | None, features: Iterable[str]) -> None:
    """Check that each column in use has one type, and that a model can distinguish the numbers of features.

    Raises:
        DatasetError: A column mixes text, numbers and truth values, or its whole numbers are too large.
    """
    for name in (*(() if target is None else (target,)), *features):
        if table[name].dtype == "object":
            _check_objects(path, table[name])
        elif name != target and table[name].dtype.kind in "iu" and beyond_exact(table[name]):
            _check_distinct(path, table[name])


def _check_objects(path: Path, column: pd.Series[Any]) -> None:
    examples: dict[str, str] = {}
    for row, value in enumerate(column, start=1):
        if not (kind := _kind_of(value)):
            continue
        examples.setdefault(kind, f"{kind} such as {quoted(str(value)[:_SHOWN])} in row {row}")
    if len(examples) > 1:
        problem = f"the column {quoted(column.name)} holds {' and '.join(examples.values())}"
        raise unreadable(
            path, f"{problem}; write values of one type, or set source.dtypes to {{{column.name}: str}}"
        )
    if "numbers" in examples and all(isinstance(value, int) for value in column.dropna()):
        problem = f"the column {quoted(column.name)} holds whole numbers of more than 64 bits"
        raise unreadable(
            path,
            f"{problem}; set source.dtypes to {{{column.name}: float}} if they are quantities, and to "
            f"{{{column.name}: str}} if they are names",
        )


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "truth values"
    if isinstance(value, str):
        return "text"
    return "numbers" if isinstance(value, int | float) and value == value else ""  # noqa: PLR0124 (nan)


def _check_distinct(path: Path, column: pd.Series[Any]) -> None:
    distinct, distinguished = column.nunique(), column.astype("float64").nunique()
    if distinguished < distinct:
        problem = (
            f"the column {quoted(column.name)} holds {distinct:,} whole numbers beyond 2**53, such as {column.max()}, of which "
            f"floating point numbers, and so models, distinguish only {distinguished:,}"
        )
        raise unreadable(
            path, f"{problem}; name it in drop if it is an id, or set source.dtypes to {{{column.name}: str}}"
        )


def beyond_exact(numbers: pd.Series[Any]) -> bool:
    """Return whether some of the numbers are too large for floating point numbers to distinguish."""
    low, high = numbers.min(), numbers.max()
    return bool(high >= LARGEST_EXACT or low <= -LARGEST_EXACT)
