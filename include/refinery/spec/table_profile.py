"""A table at a glance, as plain values: what a profile, the card and a new config say of a dataset."""

from __future__ import annotations

from dataclasses import dataclass


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
        distinct: How many different values the sampled rows hold; None for numbers.
        top: The most frequent values of columns that are not numeric and repeat some values.
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
