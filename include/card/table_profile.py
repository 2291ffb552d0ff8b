"""Looks at a whole table in passing: its columns' ranges and nulls, and the target's distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Frequencies and histograms of more rows than this look the same and cost more.
_SAMPLE_ROWS = 50_000
_TOP_VALUES = 3
_BINS = 20
# A whole-numbered target of at most so many values is counted value by value.
_MOST_COUNTED = 20


@dataclass(frozen=True, slots=True)
class TopValue:
    """A frequent value of a column.

    Attributes:
        value: The value's text.
        share: Its share of the rows that have a value, between 0 and 1.
    """

    value: str
    share: float


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column at a glance.

    Attributes:
        name: The column.
        dtype: pandas' type of it.
        nulls: Rows without a value.
        minimum: The least number or the first moment; None of other columns, as the next two.
        maximum: The greatest number or the last moment.
        mean: The numbers' mean.
        distinct: How many different values the sampled rows hold; None of numbers.
        top: The most frequent values, of columns that are no numbers and repeat some.
    """

    name: str
    dtype: str
    nulls: int
    minimum: float | str | None = None
    maximum: float | str | None = None
    mean: float | None = None
    distinct: int | None = None
    top: tuple[TopValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often the target takes which values.

    Attributes:
        counts: The sampled rows in each bin, or of each value.
        edges: The bins' edges, one more than counts; empty where values are counted one by one.
        values: The values, the most frequent first; empty where bins are counted.
        others: Rows of rarer values that are not listed.
    """

    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table at a glance.

    Attributes:
        rows: How many rows it has.
        columns: Its columns, in order.
        target: The column to predict; None where none is known.
        distribution: That column's values; None where there are none.
        sampled_rows: The rows that frequencies, distinct values and the distribution were taken from, evenly spaced;
            None where these are all rows. Nulls, ranges and means are always those of all rows.
    """

    rows: int
    columns: tuple[ColumnSummary, ...]
    target: str | None = None
    distribution: Distribution | None = None
    sampled_rows: int | None = None


def profile_table(table: pd.DataFrame, target: str | None = None) -> TableProfile:
    """Summarise each column of a table and the distribution of the target.

    Args:
        table: The whole table; it is not copied.
        target: The column to predict.
    """
    step = -(-len(table) // _SAMPLE_ROWS) or 1
    sample = table.iloc[::step]
    return TableProfile(
        rows=len(table),
        columns=tuple(
            _summarize(str(name), table.iloc[:, position], sample.iloc[:, position])
            for position, name in enumerate(table.columns)
        ),
        target=target,
        distribution=None if target is None else _distribution(sample[target].dropna()),
        sampled_rows=len(sample) if step > 1 else None,
    )


def _summarize(name: str, column: pd.Series[Any], sample: pd.Series[Any]) -> ColumnSummary:
    import numpy as np

    dtype, nulls = str(column.dtype), int(column.isna().sum())
    if nulls == len(column):
        return ColumnSummary(name, dtype, nulls)
    if _is_number(column):
        with np.errstate(all="ignore"):  # a column may hold infinities
            low, high, mean = float(column.min()), float(column.max()), float(column.mean())
        return ColumnSummary(name, dtype, nulls, low, high, mean)
    if column.dtype.kind == "M":
        return ColumnSummary(name, dtype, nulls, _moment(column.min()), _moment(column.max()))
    counts = _count_values(sample)
    frequent = counts[counts > 1].head(_TOP_VALUES) / max(1, counts.sum())
    top = tuple(TopValue(str(value), float(share)) for value, share in frequent.items())
    return ColumnSummary(name, dtype, nulls, distinct=len(counts), top=top)


def _distribution(target: pd.Series[Any]) -> Distribution | None:
    if target.empty:
        return None
    if _is_number(target) and not (target.nunique() <= _MOST_COUNTED and (target % 1 == 0).all()):
        return _histogram(target)
    frequencies = _count_values(target)
    listed = frequencies.head(_MOST_COUNTED)
    return Distribution(
        tuple(int(count) for count in listed),
        values=tuple(str(value) for value in listed.index),
        others=int(frequencies.sum() - listed.sum()),
    )


def _histogram(target: pd.Series[Any]) -> Distribution | None:
    import numpy as np

    values = target.to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    try:
        with np.errstate(all="ignore"):
            counts, edges = np.histogram(values, bins=_BINS)
    except ValueError:  # values so near, or so far apart, that no edges fit between them
        return None
    return Distribution(tuple(counts.tolist()), edges=tuple(edges.tolist()))


def _count_values(column: pd.Series[Any]) -> pd.Series[int]:
    """Count each value, the most frequent first, equal ones in the order of their texts."""
    try:
        counts = column.value_counts()
    except TypeError:  # lists and the like cannot be counted as they are
        counts = column.dropna().astype("str").value_counts()
    counts = counts[counts > 0]  # a category may have no rows
    order = sorted(range(len(counts)), key=lambda at: (-int(counts.iloc[at]), str(counts.index[at])))
    return counts.iloc[order]


def _moment(value: Any) -> str:
    return str(value).removesuffix(" 00:00:00")


def _is_number(column: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype) and column.dtype.kind != "c"
