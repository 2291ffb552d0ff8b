"""Convert date columns to the type that a model learned, and find those that cannot be converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_DATES = "datetime64"
_TEXT = "str"


def as_learned(table: pd.DataFrame, manifest: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Return a model's features with dates in the time zone that it learned them in.

    Args:
        table: The features, as read.
        manifest: The model's manifest.

    Returns:
        The features, and a sentence for each column that holds dates here or did in training, but not both.
    """
    features = (manifest.get("data") or {}).get("features", [])
    learned = {
        feature["name"]: str(feature.get("dtype", "")) for feature in features if feature["name"] in table
    }
    # Earlier versions of skrub's steps learned dates from text, and accept either.
    takes_either = manifest.get("preprocess") is not None
    columns: dict[str, pd.Series[Any]] = {}
    problems = []
    for name, dtype in learned.items():
        column = table[name]
        if dtype == _TEXT and column.dtype.kind == "M" and takes_either:
            continue
        if dtype.startswith(_DATES) and column.isna().all():
            columns[name] = column.astype("object").astype(dtype)
        elif problem := _problem(column, dtype):
            problems.append(problem)
        elif dtype.startswith(_DATES) and column.dt.tz is not None:
            columns[name] = column.dt.tz_convert(_zone(dtype))
    return (table.assign(**columns) if columns else table), problems


def _problem(column: pd.Series[Any], dtype: str) -> str | None:
    is_dates, was_dates = column.dtype.kind == "M", dtype.startswith(_DATES)
    if is_dates and was_dates:
        here, before = column.dt.tz is not None, _zone(dtype) is not None
        words = {True: "with an offset", False: "without an offset"}
        if here == before:
            return None
        return (
            f'the column "{column.name}" was dates {words[before]} in training and holds dates {words[here]}'
        )
    if is_dates:
        kind = "text" if dtype == _TEXT else f"of type {dtype}"
        return f'the column "{column.name}" was {kind} in training and holds dates'
    if was_dates:
        row = int(column.notna().to_numpy().argmax())
        value = str(column.iloc[row])[:40]
        return (
            f'the column "{column.name}" was dates in training and holds "{value}" in row {row + 1:,}, which can be read as '
            "a date in several ways or in none; write dates as 2026-01-31"
        )
    return None


def _zone(dtype: str) -> str | None:
    """Return the time zone in pandas' name of a type, such as datetime64[us, UTC]."""
    return dtype.partition(", ")[2].rstrip("]") or None
