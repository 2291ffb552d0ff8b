"""Sums up what a table's columns hold, for the report on a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_BINS = 20
_MOST_CLASSES = 50
_FIRST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """What a column holds.

    Attributes:
        name: The column.
        dtype: Its pandas dtype.
        nulls: Rows without a value.
        low: The least value, None where the column has no order.
        high: The greatest.
        mean: The mean of numbers, else None.
    """

    name: str
    dtype: str
    nulls: int
    low: Any
    high: Any
    mean: float | None


@dataclass(frozen=True, slots=True)
class TableProfile:
    """What a table holds.

    Attributes:
        rows: How many rows there are.
        columns: The features, then the target.
        target_counts: How many rows have each value of the target; none where there are too many values.
        target_bins: Of a number: how many rows lie between two edges, as (low, high, rows); none of other targets.
    """

    rows: int
    columns: tuple[ColumnSummary, ...]
    target_counts: dict[str, int]
    target_bins: tuple[tuple[float, float, int], ...]


def profile_table(features: pd.DataFrame, target: pd.Series[Any]) -> TableProfile:
    """Sum up the columns in one pass each; numbers of any size cost about as much as reading them."""
    columns = [*(column for _, column in features.items()), target]
    return TableProfile(
        rows=len(features),
        columns=tuple(_summarize(column) for column in columns),
        target_counts=_counts(target),
        target_bins=_bins(target),
    )


def _summarize(column: pd.Series[Any]) -> ColumnSummary:
    import numpy as np

    kind = column.dtype.kind
    ordered = kind in "iufM"
    with np.errstate(all="ignore"):  # a column may hold infinities
        mean = float(column.mean()) if kind in "iuf" else None
    return ColumnSummary(
        name=str(column.name),
        dtype=str(column.dtype),
        nulls=int(column.isna().sum()),
        low=column.min() if ordered else None,
        high=column.max() if ordered else None,
        mean=mean,
    )


def _counts(target: pd.Series[Any]) -> dict[str, int]:
    # Counting the values of a measure is dear, and the first rows tell that it is one.
    if target.iloc[:_FIRST_ROWS].nunique() > _MOST_CLASSES:
        return {}
    counts = target.value_counts()
    return {str(value): int(rows) for value, rows in counts.items()} if len(counts) <= _MOST_CLASSES else {}


def _bins(target: pd.Series[Any]) -> tuple[tuple[float, float, int], ...]:
    import numpy as np

    if target.dtype.kind not in "iuf":
        return ()
    try:
        with np.errstate(all="ignore"):
            counts, edges = np.histogram(target.to_numpy(), bins=_BINS)
    except ValueError:  # values so near, or so far apart, that no edges fit between them
        return ()
    return tuple(
        (float(low), float(high), int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
