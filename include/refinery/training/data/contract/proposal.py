"""Propose a contract from a dataset that is known to be good."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from refinery.spec.contract import BOOLEAN, CATEGORY, DATE, INTEGER, NUMBER, TEXT
from refinery.training.data.contract.types import read_as

if TYPE_CHECKING:
    import pandas as pd

# Tomorrow's data may have half as many rows, and values half a range beyond today's.
_ROWS_SLACK = 0.5
_RANGE_SLACK = 0.5
_NULLS_SLACK = 2
# A text column is a category where its values are few, and seen often enough that a new one would be news.
_MOST_CATEGORIES = 20
_ROWS_PER_CATEGORY = 10
# Fewer rows than this say nothing about which values must be unique or present.
_FEWEST_ROWS = 20
# Bounds with slack around greater numbers would overflow.
_MOST_BOUNDED = 1e300
# Greater whole numbers are written with an exponent: nobody counts their digits, and a config limits them.
_MOST_WRITTEN_OUT = 1e15


def propose_contract(table: pd.DataFrame) -> dict[str, Any]:
    """Describe a dataset as a config's `expect`, with room for what other days may bring.

    The dataset itself keeps the contract. A person should still add what they know better.
    """
    rows = max(1, _rounded_down(len(table) * _ROWS_SLACK))
    columns = {str(name): _propose_column(table[name]) for name in table.columns}
    return {"rows": {"min": rows}, "columns": columns}


def _propose_column(column: pd.Series[Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    if column_type := _find_type(column):
        rules["type"] = column_type
    if column_type in (NUMBER, INTEGER):
        rules |= _propose_range(column, whole=column_type == INTEGER)
    if column_type == CATEGORY:
        rules["values"] = sorted(str(value) for value in column.dropna().unique())
    if column_type == TEXT and len(column) >= _FEWEST_ROWS and column.is_unique and column.notna().all():
        rules["unique"] = True
    if len(column) >= _FEWEST_ROWS and (nulls := _propose_nulls(float(column.isna().mean()))) is not None:
        rules["nulls"] = nulls
    return rules


def _find_type(column: pd.Series[Any]) -> str | None:
    if column.isna().all():
        return None
    for column_type in (BOOLEAN, INTEGER, NUMBER, DATE, TEXT):
        if not read_as(column, column_type).mismatches.any():
            return CATEGORY if column_type == TEXT and _is_category(column) else column_type
    return None


def _is_category(column: pd.Series[Any]) -> bool:
    distinct = column.nunique()
    return distinct <= _MOST_CATEGORIES and column.count() >= _ROWS_PER_CATEGORY * distinct


def _propose_range(column: pd.Series[Any], *, whole: bool) -> dict[str, Any]:
    low, high = float(column.min()), float(column.max())
    if not max(abs(low), abs(high)) < _MOST_BOUNDED:  # false for nan too
        return {}
    if low >= 0 and high <= 1 and not whole:
        return {"min": 0, "max": 1}
    slack = (high - low) * _RANGE_SLACK or abs(high) or 1.0
    least = 0.0 if low >= 0 else -_rounded_up(slack - low)
    greatest = 0.0 if high <= 0 else _rounded_up(high + slack)
    if whole and max(abs(least), abs(greatest)) < _MOST_WRITTEN_OUT:
        least, greatest = math.floor(least), math.ceil(greatest)
    return {"min": _plain(least), "max": _plain(greatest)}


def _propose_nulls(share: float) -> float | None:
    if share == 0:
        return 0
    slack = math.ceil(share * _NULLS_SLACK * 100) / 100
    return slack if slack < 1 else None


def _rounded_up(number: float) -> float:
    """Round up to two significant digits; 0 and less stay."""
    if number <= 0:
        return number
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / step) * step:.6g}")


def _rounded_down(number: float) -> int:
    step = 10 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return int(number // step * step)


def _plain(number: float) -> float:
    return int(number) if abs(number) < _MOST_WRITTEN_OUT and number == int(number) else number
