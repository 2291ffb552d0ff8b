"""Explain an estimator's refusal by the columns that cause it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from refinery.training.errors import DatasetError
from refinery.wording import listed_with, quoted

if TYPE_CHECKING:
    import pandas as pd

_TEXT_REFUSED = re.compile(
    r"could not convert string|could not be promoted|non-numeric|dtype='numeric'|as an invalid", re.IGNORECASE
)
_NULL_REFUSED = re.compile(r"contains? NaN|NaN values|missing values", re.IGNORECASE)
_INFINITY_REFUSED = re.compile(r"contains? infinity|infinite|too large for dtype", re.IGNORECASE)


def explain_refusal(estimator: str, error: BaseException, features: pd.DataFrame) -> DatasetError | None:
    """Return the error that names the columns which made an estimator raise; None where it was something else.

    The values are checked only after a failure: a model that accepts them costs no pass over the data.
    """
    if refusal := _refusal_of_values(estimator, features):
        return refusal
    message = str(error)
    if _TEXT_REFUSED.search(message) and (columns := _not_numeric(features)):
        return unusable_columns(estimator, "columns that are not numbers", columns, _TEXT_ADVICE)
    if _NULL_REFUSED.search(message) and (columns := _with_nulls(features)):
        return unusable_columns(estimator, "missing values", columns, _NULL_ADVICE)
    if _INFINITY_REFUSED.search(message) and (columns := _with_infinities(features)):
        return unusable_columns(estimator, "infinite or huge values", columns, _INFINITY_ADVICE)
    return None


def refuse_nested(estimator: str, features: pd.DataFrame) -> None:
    """Check that no column holds lists, records or bytes, which encoders would take for categories or refuse.

    Raises:
        DatasetError: Columns do.
    """
    if refusal := _refusal_of_values(estimator, features):
        raise refusal


def unusable_columns(estimator: str, problem: str, columns: Mapping[str, str], advice: str) -> DatasetError:
    """Return the error for columns that hold values that the estimator cannot take, each with what is in it."""
    return DatasetError(f"{estimator} cannot take {problem}: {listed_with(columns)}. {advice}")


def nested_columns(features: pd.DataFrame) -> dict[str, str]:
    """Return the columns that hold lists or records (Parquet and JSON may), each with an example."""
    found = {}
    for name, column in features.items():
        if column.dtype.kind == "O" and (first := column.first_valid_index()) is not None:
            value = column.loc[first]
            if isinstance(value, Mapping):
                found[str(name)] = f"records, such as {str(dict(value))[:40]}"
            elif hasattr(value, "__len__") and not isinstance(value, str | bytes):
                items = value.tolist() if hasattr(value, "tolist") else list(value)
                found[str(name)] = f"lists, such as {str(items)[:40]}"
    return found


def _refusal_of_values(estimator: str, features: pd.DataFrame) -> DatasetError | None:
    if columns := nested_columns(features):
        return unusable_columns(estimator, "nested values", columns, _NESTED_ADVICE)
    if columns := _binary_columns(features):
        return unusable_columns(estimator, "binary values", columns, _BINARY_ADVICE)
    return None


def _binary_columns(features: pd.DataFrame) -> dict[str, str]:
    """Return the columns that hold bytes (Parquet may), each with an example."""
    objects = {name: column.dropna() for name, column in features.items() if column.dtype.kind == "O"}
    firsts = {str(name): column.iloc[0] for name, column in objects.items() if len(column)}
    return {name: f"such as {value[:20]!r}" for name, value in firsts.items() if isinstance(value, bytes)}


_NESTED_ADVICE = (
    "Leave them out with drop or features, write their parts as separate columns in the dataset, "
    "or turn them into numbers in a model module's Pipeline."
)
_BINARY_ADVICE = (
    "Leave them out with drop or features, or write them as text in the dataset (in Parquet, as strings)."
)
_TEXT_ADVICE = (
    "Leave them out with drop or features, turn them into numbers in a model module's Pipeline "
    "(such as OneHotEncoder), or, if they are numbers, name their form in source.numbers."
)
_NULL_ADVICE = (
    "Leave them out with drop or features, fill them in a model module's Pipeline (such as SimpleImputer), "
    "or choose a model that takes them (such as sklearn.ensemble.HistGradientBoostingRegressor)."
)
_INFINITY_ADVICE = "Correct them in the dataset, or clip them in a model module's Pipeline."


def _not_numeric(features: pd.DataFrame) -> dict[str, str]:
    from pandas.api.types import is_numeric_dtype

    found = {}
    for name, column in features.items():
        if not is_numeric_dtype(column.dtype):
            example = column.dropna().head(1)
            shown = f", such as {quoted(str(example.iloc[0])[:40])}" if len(example) else ""
            found[str(name)] = f"{_kind(column)}{shown}"
    return found


def _kind(column: pd.Series[Any]) -> str:
    from pandas.api.types import is_datetime64_any_dtype, is_object_dtype, is_string_dtype

    if is_datetime64_any_dtype(column.dtype):
        return "dates"
    return "text" if is_string_dtype(column.dtype) or is_object_dtype(column.dtype) else str(column.dtype)


def _with_nulls(features: pd.DataFrame) -> dict[str, str]:
    nulls = features.isna().sum()
    return {str(name): f"{count} of {len(features)} rows" for name, count in nulls[nulls > 0].items()}


def _with_infinities(features: pd.DataFrame) -> dict[str, str]:
    import numpy as np

    # scikit-learn's trees compute in 32 bits.
    largest = float(np.finfo(np.float32).max)
    beyond = (features.select_dtypes("number").abs() > largest).sum()
    return {str(name): f"{count} of {len(features)} rows" for name, count in beyond[beyond > 0].items()}
