"""A table at a glance, as plain values: what a profile, the card, a manifest and a new config say of a dataset."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

# A manifest is read whole, and people open it: tens of kilobytes for the widest table.
_MOST_RECORDED_BYTES = 20_000
_LONGEST_RECORDED_VALUE = 40


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
        top: The most frequent values of columns that are not numeric and repeat some values: all that repeat where few
            values differ, otherwise three.
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


@dataclass(frozen=True, slots=True)
class RecordedProfile:
    """What a manifest keeps of a table's profile.

    Attributes:
        rows: The rows that nulls, ranges and means are those of.
        total_rows: The rows of the dataset; more than `rows` where these are a sample, or where rows without a target are
            left out.
        counted_rows: The rows that frequent and distinct values were taken from.
        columns: The features and the target; without what is too long to record.
        columns_left_out: How many more columns there are.
    """

    rows: int
    total_rows: int
    counted_rows: int
    columns: tuple[ColumnSummary, ...]
    columns_left_out: int = 0

    @classmethod
    def of(cls, profile: TableProfile, total_rows: int) -> RecordedProfile:
        """Choose what to keep of a profile: values that are short, and as many columns as fit into 20 kB.

        Args:
            profile: The profile.
            total_rows: The rows of the dataset.
        """
        kept: list[ColumnSummary] = []
        room = _MOST_RECORDED_BYTES
        for column in map(_with_short_values, profile.columns):
            room -= len(json.dumps(_without_blanks(column)))
            if room < 0:
                break
            kept.append(column)
        counted_rows = profile.rows if profile.sampled_rows is None else profile.sampled_rows
        left_out = len(profile.columns) - len(kept)
        return cls(profile.rows, total_rows, counted_rows, tuple(kept), left_out)

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest's section."""
        return {**asdict(self), "columns": [_without_blanks(column) for column in self.columns]}


def _with_short_values(column: ColumnSummary) -> ColumnSummary:
    return replace(column, top=tuple(one for one in column.top if _is_short(one.value)))


def _is_short(value: str) -> bool:
    return len(value) <= _LONGEST_RECORDED_VALUE and value.isprintable()


def _without_blanks(column: ColumnSummary) -> dict[str, Any]:
    return {name: value for name, value in asdict(column).items() if value not in (None, ())}
