"""Find which values of a column have a contract's type."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.spec.contract import BOOLEAN, CATEGORY, DATE, INTEGER, NUMBER, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column, read as a type.

    Attributes:
        readable: Its values in a form that bounds and patterns can be compared with; null where they are not of the type.
        mismatches: Which rows hold a value that is not of the type.
    """

    readable: pd.Series[Any]
    mismatches: pd.Series[bool]


def read_as(column: pd.Series[Any], column_type: str | None) -> TypedColumn:
    """Read a column as a type of the contract; as it is where that is None."""
    if column_type is None:
        return TypedColumn(column, column.isna() & False)
    values = _READERS[column_type](column)
    return TypedColumn(values, values.isna() & column.notna())


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if column.dtype.kind in "iuf":
        return column
    objects = _objects(column)
    numbers: pd.Series[Any] = pd.to_numeric(objects.mask(_are(objects, bool)), errors="coerce")
    # A file's numbers are read as text when there is a stray value among them; without one, text was meant.
    meant_as_text = bool(_are(objects.dropna(), str).all()) and numbers.count() == objects.count()
    return numbers.where(numbers.isna()) if meant_as_text else numbers


def _integers(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype.kind in "iu":
        return column
    numbers = _numbers(column)
    return numbers.where(numbers % 1 == 0)


def _booleans(column: pd.Series[Any]) -> pd.Series[Any]:
    return _only(_objects(column), bool)


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    return _only(_objects(column), str)


def _categories(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype.kind == "f":
        return _integers(column)
    return _only(_objects(column), (str, bool, int))


def _dates(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if column.dtype.kind != "M":
        objects = _only(_objects(column), (str, dt.date)).astype("str")
        column = pd.to_datetime(objects, format="ISO8601", errors="coerce", utc=True)
    local: pd.Series[Any] = column.dt.tz_localize(None)
    return local


_READERS: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    NUMBER: _numbers,
    INTEGER: _integers,
    TEXT: _texts,
    BOOLEAN: _booleans,
    DATE: _dates,
    CATEGORY: _categories,
}


def _objects(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype("object")


def _only(objects: pd.Series[Any], types: type | tuple[type, ...]) -> pd.Series[Any]:
    return objects.where(_are(objects, types))


def _are(objects: pd.Series[Any], types: type | tuple[type, ...]) -> pd.Series[bool]:
    return objects.map(lambda value: isinstance(value, types)).astype(bool)
