"""Decides which columns of a table are the target and the features, and that the target can be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.training.errors import ColumnNotFoundError, NoFeaturesError, NullTargetError

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
        NoFeaturesError: Nothing is left to learn from.
    """
    target = _find_target(columns, spec.target)
    dropped = {_find(columns, name, "drop") for name in spec.source.drop}
    if spec.features is None:
        features = [column for column in columns if column != target and column not in dropped]
    else:
        _require(columns, spec.features, "features")
        features = [_find(columns, name, "features") for name in spec.features]
    if not features:
        raise NoFeaturesError(target, columns)
    return Roles(target, tuple(features))


def check_target(target: pd.Series[Any]) -> None:
    """Check that every row has a value to learn.

    Raises:
        NullTargetError: Rows have none, or an infinite one.
    """
    import numpy as np

    nulls = int(target.isna().sum())
    if target.dtype.kind == "f":
        nulls = int((~np.isfinite(target.to_numpy())).sum())
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


def _find(columns: Sequence[str], name: str, role: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if column.strip() == name.strip()]
    if len(alike) != 1:
        raise ColumnNotFoundError([name], role, columns)
    return alike[0]


def _require(columns: Sequence[str], names: Sequence[str], role: str) -> None:
    stripped = {column.strip() for column in columns}
    missing = [name for name in names if name.strip() not in stripped]
    if missing:
        raise ColumnNotFoundError(missing, role, columns)
