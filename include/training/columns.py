"""Decides which columns of a table are the target and the features, and that the target can be learned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.errors import ColumnNotFoundError, ColumnRoleError, NoFeaturesError, NullTargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.training.spec import TrainingSpec


# pandas' name for a column that the header leaves without one, also after the table was written and read again.
_UNNAMED = re.compile(r"Unnamed: \d+")


@dataclass(frozen=True, slots=True)
class Roles:
    """The parts that a table's columns play.

    Attributes:
        target: The column to predict.
        features: The columns to learn from, in order.
        left_out: The others, each with the reason.
        time: The column that tells when a row was, None where no such is named.
    """

    target: str
    features: tuple[str, ...]
    left_out: dict[str, str]
    time: str | None


def choose_roles(table: pd.DataFrame, spec: TrainingSpec) -> Roles:
    """Find the target and the features among a table's columns.

    A name in the config that differs from a column's in outer blanks alone means that column. Without a choice of
    features, columns that hold nothing and row numbers without a name are left out.

    Raises:
        ColumnNotFoundError: A column that the config names is not there.
        ColumnRoleError: A column has two roles that exclude each other, or no name.
        NoFeaturesError: Nothing is left to learn from.
    """
    columns = list(table.columns)
    target = _find_target([column for column in columns if not _is_blank(table[column])], spec.target)
    time = None if spec.time_column is None else _find(columns, spec.time_column, "evaluate.time_column")
    dropped = {_find(columns, name, "drop"): "named in drop" for name in spec.source.drop}
    if target in dropped:
        raise ColumnRoleError(target, "is the target and stands in drop; take it out of drop")
    if target == time:
        raise ColumnRoleError(target, "is the target and evaluate.time_column; name another target")
    if spec.features is None:
        reasons = dict.fromkeys([time] if time else [], "tells the time of the rows") | dropped
        left_out = {
            column: reason for column in columns if (reason := reasons.get(column) or useless(table[column]))
        }
        features = [column for column in columns if column != target and column not in left_out]
    else:
        features = _find_features(columns, spec.features, target, set(dropped))
        others = [column for column in columns if column != target and column not in features]
        left_out = dict.fromkeys(others, "not named in features") | dropped
    if not features:
        raise NoFeaturesError(target, columns)
    left_out.pop(target, None)
    # Parquet written by pandas may keep a column as row labels.
    left_out |= {str(name): "holds the rows' labels" for name in table.index.names if name is not None}
    return Roles(target, tuple(features), left_out, time)


def useless(column: pd.Series[Any]) -> str | None:
    """Give the reason why nothing can be learned from a column, None where something may be.

    Raises:
        ColumnRoleError: It has no name, but holds data.
    """
    if _is_empty(column):
        return "holds no values"
    if _UNNAMED.fullmatch(str(column.name)) is None:
        return None
    if (
        column.dtype.kind == "i"
        and column.is_monotonic_increasing
        and column.iloc[-1] - column.iloc[0] == len(column) - 1
    ):
        return "has no name and counts the rows"
    problem = f"has no name in the header; give it one there, or name {column.name!r} in drop"
    raise ColumnRoleError(str(column.name), problem)


def check_target(target: pd.Series[Any]) -> None:
    """Check that every row has a value to learn.

    Raises:
        NullTargetError: Rows have none, or an infinite one.
    """
    nulls = int(is_unusable(target).sum())
    if nulls:
        raise NullTargetError(str(target.name), nulls, len(target))


def is_unusable(target: pd.Series[Any]) -> pd.Series[bool]:
    """Tell of each row whether its target is missing or infinite."""
    from pandas.api.types import is_float_dtype

    unusable = target.isna()
    if is_float_dtype(target.dtype):
        unusable |= target.abs() == float("inf")
    return unusable


def _is_blank(column: pd.Series[Any]) -> bool:
    return _UNNAMED.fullmatch(str(column.name)) is not None and _is_empty(column)


def _is_empty(column: pd.Series[Any]) -> bool:
    # The first value tells it of most columns without a look at the others.
    return bool(column.head(1).isna().all()) and bool(column.isna().all())


def _find_target(columns: Sequence[str], target: str | int | None) -> str:
    if isinstance(target, str):
        return _find(columns, target, "target")
    position = -1 if target is None else target
    try:
        return columns[position]
    except IndexError:
        raise ColumnNotFoundError([str(position)], "target", columns) from None


def _find_features(columns: Sequence[str], names: Sequence[str], target: str, dropped: set[str]) -> list[str]:
    stripped = {column.strip() for column in columns}
    if missing := [name for name in names if name.strip() not in stripped]:
        raise ColumnNotFoundError(missing, "features", columns)
    features = [_find(columns, name, "features") for name in names]
    for position, column in enumerate(features):
        if column == target:
            raise ColumnRoleError(
                column, "is the target and stands in features; a model must not be given the answer"
            )
        if column in dropped:
            raise ColumnRoleError(column, "stands in features and in drop; take it out of one")
        if column in features[:position]:
            raise ColumnRoleError(column, "stands in features twice; take it out once")
    return features


def _find(columns: Sequence[str], name: str, role: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if column.strip() == name.strip()]
    if len(alike) != 1:
        raise ColumnNotFoundError([name], role, columns)
    return alike[0]
