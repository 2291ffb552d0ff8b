"""Decide which columns of a table are the target and the features, and check that the target can be learned."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.training.data.column_types import beyond_exact, settle_column
from refinery.training.errors import ColumnNotFoundError, ColumnRoleError, DatasetError
from refinery.wording import listed, quoted
from refinery.yaml_text import write_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from refinery.spec.training import TrainingSpec


DROP = "drop"
# pandas' name for a column that the header leaves without one, also after the table was written and read again.
_UNNAMED = re.compile(r"Unnamed: \d+")

# The reason why a column is left out that the config drops.
DROPPED = "named in drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The roles of a table's columns without a target.

    Attributes:
        features: The columns to learn from, in order.
        left_out: The others, each with the reason.
        time: The column with the time of each row; None where the config names none.
        group: The column with the group of each row; None where the config names none.
        weight: The column with the weight of each row; None where the config names none.
    """

    features: tuple[str, ...]
    left_out: dict[str, str]
    time: str | None
    group: str | None
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles(Columns):
    """The roles of a table's columns.

    Attributes:
        target: The column to predict.
    """

    target: str


def choose_roles(table: pd.DataFrame, spec: TrainingSpec) -> Roles:
    """Find the target and the features among a table's columns.

    A name in the config that differs from a column's in outer blanks alone means that column. Without a choice of
    features, columns that hold nothing and row numbers without a name are left out.

    Raises:
        ColumnNotFoundError: A column that the config names is not there.
        ColumnRoleError: A column has two roles that exclude each other, or no name.
        DatasetError: Nothing is left to learn from.
    """
    named = [column for column in table.columns if not _is_blank(table[column])]
    target = _find_target(named, spec.target)
    found = _choose_columns(table, spec, target)
    return Roles(
        target=target,
        features=found.features,
        left_out=found.left_out,
        time=found.time,
        group=found.group,
        weight=found.weight,
    )


def choose_features(table: pd.DataFrame, spec: TrainingSpec) -> Columns:
    """Find the features among a table's columns where there is no target, as `choose_roles` does.

    Raises:
        ColumnNotFoundError, ColumnRoleError, DatasetError: As for `choose_roles`.
    """
    return _choose_columns(table, spec, None)


def _choose_columns(table: pd.DataFrame, spec: TrainingSpec, target: str | None) -> Columns:
    columns = list(table.columns)
    time = _find_named(columns, spec.time_column, "evaluate.time_column")
    group = _find_named(columns, spec.group_column, "evaluate.group_column")
    weight = _find_named(columns, spec.weight, "weight")
    dropped = {_find(columns, name, "drop"): DROPPED for name in spec.source.drop}
    if target is not None and target in dropped:
        raise _role_error(target, "is the target and in drop; remove it from drop")
    for key, column in (("evaluate.time_column", time), ("evaluate.group_column", group), ("weight", weight)):
        if target is not None and column == target:
            raise _role_error(target, f"is the target and {key}; name another target")
    if spec.features is None:
        named = {time: "is the time column", group: "is the group column", weight: "is the weight column"}
        reasons = {column: reason for column, reason in named.items() if column is not None} | dropped
        left_out = {
            column: reason
            for column in columns
            if (reason := reasons.get(column) or exclusion_reason(table[column]))
        }
        features = [column for column in columns if column != target and column not in left_out]
    else:
        features = _find_features(columns, spec.features, target, set(dropped))
        if weight in features:
            raise _role_error(str(weight), "is the weight and in features; remove it from features")
        others = [column for column in columns if column != target and column not in features]
        left_out = dict.fromkeys(others, "not named in features") | dropped
    if not features:
        raise no_features(target, columns)
    if target is not None:
        left_out.pop(target, None)
    # Parquet written by pandas may keep a column as row labels.
    left_out |= {str(name): "holds the rows' labels" for name in table.index.names if name is not None}
    return Columns(features=tuple(features), left_out=left_out, time=time, group=group, weight=weight)


def exclusion_reason(column: pd.Series[Any]) -> str | None:
    """Return why nothing can be learned from a column; None where something may be.

    Raises:
        ColumnRoleError: It has no name but holds data.
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
    problem = f"has no name in the header; give it one there, or name {quoted(column.name)} in drop"
    raise _role_error(str(column.name), problem)


def check_target(target: pd.Series[Any], find_null_words: Callable[[str], str]) -> None:
    """Check that every row has a value to learn.

    Args:
        target: The column to predict.
        find_null_words: Describes the words of a column that were read as missing.

    Raises:
        DatasetError: Rows have none, or an infinite one.
    """
    name = str(target.name)
    if nulls := int(is_unusable(target).sum()):
        missing = int(target.isna().sum())
        raise null_target(name, nulls, len(target), find_null_words(name), missing=missing)


def check_groups(groups: pd.Series[Any], used: pd.Series[bool]) -> None:
    """Check that every row has a group.

    Args:
        groups: The group column of all rows of the dataset.
        used: For each row, whether it is learned from or held out.

    Raises:
        DatasetError: Rows have none.
    """
    missing = (groups.isna() & used).to_numpy()
    if count := int(missing.sum()):
        raise DatasetError(
            f"evaluate.group_column: {count} of {int(used.sum())} rows have no value in the column {quoted(groups.name)}, the first "
            f"is row {int(missing.argmax()) + 1}; fill it in, or give such rows groups of their own."
        )


def check_weights(weights: pd.Series[Any], used: pd.Series[bool]) -> None:
    """Check that every row has a weight, and that some of them count.

    Args:
        weights: The weight column of all rows of the dataset.
        used: For each row, whether it is learned from or held out.

    Raises:
        DatasetError: The column holds no numbers, a weight is missing, negative or infinite, or all are zero.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    where = f"weight: the column {quoted(weights.name)}"
    if not is_numeric_dtype(weights.dtype) or is_bool_dtype(weights.dtype):
        raise DatasetError(
            f"{where} holds values such as {quoted(str(weights.iloc[0])[:40])}, which are not numbers; name another column."
        )
    values = weights.astype(float)
    wrong = ((values.isna() | (values < 0) | (values == float("inf"))) & used).to_numpy()
    if count := int(wrong.sum()):
        row = int(wrong.argmax())
        found = "no value" if values.isna().iloc[row] else f"{values.iloc[row]:g}"
        raise DatasetError(
            f"{where} has {count} {'value that is' if count == 1 else 'values that are'} missing, negative or infinite, the first in "
            f"row {row + 1} ({found}); a weight is a number of 0 or more."
        )
    if not values[used].any():
        raise DatasetError(
            f"{where} is 0 in all {int(used.sum())} rows (row 1 to {len(values)}), so no row counts."
        )


def rows_with_target(table: pd.DataFrame, target: str, missing: str, *, typed: bool) -> pd.DataFrame:
    """Drop the rows without a value in the target where the config asks for it.

    Whole numbers of a CSV, which pandas reads as floats where some are missing, become whole again.

    Args:
        table: The rows.
        target: The column to predict.
        missing: "drop", or "error" to keep all rows.
        typed: Whether the file declares its columns' types.

    Returns:
        The rows with a value; all rows where none has one.
    """
    has_none = table[target].isna()
    if missing != DROP or not has_none.any() or has_none.all():
        return table
    kept = table[~has_none]
    values = settle_column(kept[target])
    if not typed and values.dtype.kind == "f" and (values % 1 == 0).all() and not beyond_exact(values):
        values = values.astype("int64")
    return kept.assign(**{target: values})


def without_empty(roles: Roles, table: pd.DataFrame, spec: TrainingSpec) -> Roles:
    """Leave out features that hold nothing after rows were dropped, unless the config names them.

    Raises:
        DatasetError: Nothing is left to learn from.
    """
    if spec.features is not None:
        return roles
    empty = dict.fromkeys((name for name in roles.features if _is_empty(table[name])), "holds no values")
    features = tuple(name for name in roles.features if name not in empty)
    if not features:
        raise no_features(roles.target, list(table.columns))
    return replace(roles, features=features, left_out=roles.left_out | empty)


def null_target(target: str, nulls: int, rows: int, words: str, *, missing: int) -> DatasetError:
    """Return the error for rows without a value in the target.

    Args:
        target: The target's column.
        nulls: How many rows have no value, or an infinite one.
        rows: How many rows there are.
        words: Words that were read as missing: the result of `describe_words`, or an empty one.
        missing: How many rows have no value at all.
    """
    count = (
        f"All {rows} rows have"
        if nulls == rows
        else f"{nulls} of {rows} rows {'has' if nulls == 1 else 'have'}"
    )
    infinite = f" ({nulls - missing} infinite)" if missing < nulls else ""
    advice = "name another target" if nulls == rows else "correct the dataset"
    if missing and nulls < rows:
        short = write_yaml({"column": target, "missing": "drop"})
        advice += f", or leave out those without a value: target: {short}"
    if words and missing:
        advice = (
            f"{words} is read as missing; set source.default_nulls to false if it is a class, else {advice}"
        )
    return DatasetError(f"{count} no finite value in the target column {quoted(target)}{infinite}: {advice}.")


def no_features(target: str | None, columns: Sequence[str]) -> DatasetError:
    """Return the error for a dataset with no column to learn from."""
    beside = "" if target is None else f" besides the target {quoted(target)}"
    return DatasetError(f"No features are left{beside}: the dataset's columns are {listed(columns)}.")


def _role_error(column: str, problem: str) -> ColumnRoleError:
    return ColumnRoleError(f"The column {quoted(column)} {problem}.")


def is_unusable(target: pd.Series[Any]) -> pd.Series[bool]:
    """Return for each row whether its target is missing or infinite."""
    from pandas.api.types import is_float_dtype

    unusable = target.isna()
    if is_float_dtype(target.dtype):
        unusable |= target.abs() == float("inf")
    return unusable


def _is_blank(column: pd.Series[Any]) -> bool:
    return _UNNAMED.fullmatch(str(column.name)) is not None and _is_empty(column)


def _is_empty(column: pd.Series[Any]) -> bool:
    # For most columns, the first value is enough.
    return bool(column.head(1).isna().all()) and bool(column.isna().all())


def _find_target(columns: Sequence[str], target: str | int | None) -> str:
    if isinstance(target, str):
        return _find(columns, target, "target")
    position = -1 if target is None else target
    try:
        return columns[position]
    except IndexError:
        raise ColumnNotFoundError([str(position)], "target", columns) from None


def _find_features(
    columns: Sequence[str], names: Sequence[str], target: str | None, dropped: set[str]
) -> list[str]:
    stripped = {column.strip() for column in columns}
    if missing := [name for name in names if name.strip() not in stripped]:
        raise ColumnNotFoundError(missing, "features", columns)
    features = [_find(columns, name, "features") for name in names]
    for position, column in enumerate(features):
        if column == target:
            raise _role_error(column, "is the target and in features; a model must not get the answer")
        if column in dropped:
            raise _role_error(column, "is in features and in drop; remove it from one")
        if column in features[:position]:
            raise _role_error(column, "is in features twice; remove one")
    return features


def _find_named(columns: Sequence[str], name: str | None, role: str) -> str | None:
    return None if name is None else _find(columns, name, role)


def _find(columns: Sequence[str], name: str, role: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if column.strip() == name.strip()]
    if len(alike) != 1:
        raise ColumnNotFoundError([name], role, columns)
    return alike[0]
