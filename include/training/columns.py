"""Decides which columns of a table are the target and the features, and that the target can be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.errors import ColumnNotFoundError, ColumnRoleError, NoFeaturesError, NullTargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.training.spec import TrainingSpec


@dataclass(frozen=True, slots=True)
class Roles:
    """The parts that a table's columns play.

    Attributes:
        target: The column to predict.
        features: The columns to learn from, in order.
    """

    target: str
    features: tuple[str, ...]


def choose_roles(columns: Sequence[str], spec: TrainingSpec) -> Roles:
    """Find the target and the features among a table's columns.

    A name in the config that differs from a column's in outer blanks alone means that column.

    Raises:
        ColumnNotFoundError: A column that the config names is not there.
        ColumnRoleError: A column has two roles that exclude each other.
        NoFeaturesError: Nothing is left to learn from.
    """
    target = _find_target(columns, spec.target)
    dropped = {_find(columns, name, "drop") for name in spec.source.drop}
    if target in dropped:
        raise ColumnRoleError(target, "is the target and stands in drop; take it out of drop")
    if spec.features is None:
        features = [column for column in columns if column != target and column not in dropped]
    else:
        features = _find_features(columns, spec.features, target, dropped)
    if not features:
        raise NoFeaturesError(target, columns)
    return Roles(target, tuple(features))


def check_target(target: pd.Series[Any]) -> None:
    """Check that every row has a value to learn.

    Raises:
        NullTargetError: Rows have none, or an infinite one.
    """
    from pandas.api.types import is_float_dtype

    unusable = target.isna()
    if is_float_dtype(target.dtype):
        unusable |= target.abs() == float("inf")
    nulls = int(unusable.sum())
    if nulls:
        raise NullTargetError(str(target.name), nulls, len(target))


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
