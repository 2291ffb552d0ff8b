"""Summarize a table's columns: kinds, nulls, ranges, frequent values, and the task that each would be as a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.table_profile import ColumnSummary, Distribution, TableProfile, TopValue
from refinery.spec.tasks import CLASSIFICATION, REGRESSION

if TYPE_CHECKING:
    import pandas as pd

# Frequencies and histograms of more rows than this look the same and cost more.
_SAMPLE_ROWS = 50_000
_TOP_VALUES = 3
# All values of a column with at most this many are listed.
_FEW_VALUES = 20
_BINS = 20
# Whole numbers of at most this many values may be classes, and are counted value by value.
_MOST_CLASSES = 20
_ROWS_PER_CLASS = 10
_BINARY = 2
_EXAMPLES = 3
_DATE = r"\s*\d{4}-\d{2}-\d{2}.*"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column of a sample.

    Attributes:
        name: The column.
        kind: "number", "boolean", "date", "text" or "other".
        nulls: Rows without a value.
        distinct: How many different values there are.
        examples: The first of them, as text.
        task: What learning to predict it would be: "regression" or "classification".
    """

    name: str
    kind: str
    nulls: int
    distinct: int
    examples: tuple[str, ...]
    task: str


def profile_table(table: pd.DataFrame, target: str | None = None) -> TableProfile:
    """Summarize each column of a table and the distribution of the target.

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


def profile_column(column: pd.Series[Any]) -> ColumnProfile:
    """Summarize a column that may become a target or a feature."""
    kind = find_kind(column)
    # pandas would decode bytes.
    values = column.dropna().map(str) if kind == "other" else column.dropna().astype("str")
    examples = tuple(str(value)[:40] for value in values.unique()[:_EXAMPLES])
    return ColumnProfile(
        str(column.name),
        kind,
        int(column.isna().sum()),
        int(values.nunique()),
        examples,
        _propose_task(column),
    )


def find_kind(column: pd.Series[Any]) -> str:
    """Return what a column holds: "number", "boolean", "date", "text" or "other"."""
    if _is_number(column):
        return "number"
    if column.dtype.kind == "b":
        return "boolean"
    if column.dtype.kind == "M":
        return "date"
    values = column.dropna()
    if column.dtype.kind != "O" or not values.map(lambda value: isinstance(value, str)).all():
        return "other"
    return "date" if len(values) and values.str.fullmatch(_DATE).all() else "text"


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
    listed = _FEW_VALUES if len(counts) <= _FEW_VALUES else _TOP_VALUES
    frequent = counts[counts > 1].head(listed) / max(1, counts.sum())
    top = tuple(TopValue(str(value), float(share)) for value, share in frequent.items())
    return ColumnSummary(name, dtype, nulls, distinct=len(counts), top=top)


def _distribution(target: pd.Series[Any]) -> Distribution | None:
    if target.empty:
        return None
    if _is_number(target) and not (target.nunique() <= _MOST_CLASSES and (target % 1 == 0).all()):
        return _histogram(target)
    frequencies = _count_values(target)
    listed = frequencies.head(_MOST_CLASSES)
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
    """Count each value, the most frequent first, then by text."""
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
    return column.dtype.kind in "iuf"


def _propose_task(target: pd.Series[Any]) -> str:
    """Propose classes where numbers are whole and few, and each occurs in many rows."""
    values = target.dropna()
    if not _is_number(target) or (distinct := values.nunique()) <= _BINARY:
        return CLASSIFICATION
    whole = bool((values % 1 == 0).all())
    few = distinct <= _MOST_CLASSES and len(values) >= _ROWS_PER_CLASS * distinct
    return CLASSIFICATION if whole and few else REGRESSION
