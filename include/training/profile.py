"""Looks at a dataset's beginning and proposes how to read it and what to learn from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.training.columns import useless
from include.training.dataset_head import read_head
from include.training.datasets import list_files, read_dataset
from include.training.errors import ColumnRoleError, NoFeaturesError, SourceOptionError
from include.training.evaluation import CLASSIFICATION, REGRESSION
from include.training.formats import find_format
from include.training.numbers_as_text import blemishes, check_numbers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from include.training.source_options import SourceOptions

# What a profile reads of a file at most, so that it takes a second or two for a file of any size.
SAMPLE_BYTES = 4 * 1024 * 1024
_SAMPLE_ROWS = 20_000
# A file in want of more options than this is not worth guessing at.
_MOST_PROPOSALS = 20
_MOST_NULL_MARKS = 3
_MOST_CLASSES = 20
_ROWS_PER_CLASS = 10
_BINARY = 2
_EXAMPLES = 3
_TARGET_NAMES = ("target", "label", "class", "y", "outcome", "response")
_ID_NAME = re.compile(r"(.*[_ ])?(id|uuid|guid|key|index)|.*Id", re.IGNORECASE)
_DATE = r"\s*\d{4}-\d{2}-\d{2}.*"
# Numbers that instruments and old programs write for a missing value.
_SENTINELS = (-9999, -999, -200, -99, 9999, 99999)


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What the sample says of a column.

    Attributes:
        name: The column.
        kind: "number", "boolean", "date", "text" or "other".
        nulls: Rows without a value.
        distinct: How many different values there are.
        examples: The first of them, as text.
    """

    name: str
    kind: str
    nulls: int
    distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """A proposal for a config, from a dataset's first rows.

    Attributes:
        format: The file's format.
        options: The options that read it: those given, and those that it turned out to need.
        rows: How many rows were looked at.
        columns: The columns.
        target: The column to predict.
        task: "regression" or "classification", by the target.
        drop: Columns that are better left out, each with the reason.
        notes: What a person should look at.
    """

    format: str
    options: SourceOptions
    rows: int
    columns: tuple[ColumnProfile, ...]
    target: str
    task: str
    drop: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetSample:
    """A dataset's first rows.

    Attributes:
        table: The rows.
        options: The options that read them: those given, and those that they turned out to need.
        complete: Whether they are all rows of the file.
    """

    table: pd.DataFrame
    options: SourceOptions
    complete: bool


def profile_dataset(path: Path, options: SourceOptions) -> DatasetProfile:
    """Read the first megabytes of a file, with every option that it turns out to need, and look at its columns.

    Args:
        path: The file or folder; of a text file its first megabytes are enough.
        options: What is already known of it.

    Raises:
        DatasetError: It cannot be read, and it is not clear how it could be.
    """
    sample = read_sample(path, options, most_rows=_SAMPLE_ROWS)
    table, options = sample.table, sample.options
    drop = _propose_drop(table)
    candidates = [name for name in table.columns if name not in drop]
    if len(candidates) < _BINARY:
        raise NoFeaturesError(candidates[0] if candidates else "", list(table.columns))
    target = next((name for name in candidates if name.strip().lower() in _TARGET_NAMES), candidates[-1])
    return DatasetProfile(
        format=find_format(read_head(list_files(path)[0]), options),
        options=options,
        rows=len(table),
        columns=tuple(_profile_column(table[name]) for name in table.columns),
        target=target,
        task=_propose_task(table[target]),
        drop=drop,
        notes=tuple(_notes(table, target)),
    )


def read_sample(path: Path, options: SourceOptions, *, most_rows: int | None = None) -> DatasetSample:
    """Read the first megabytes of a file, with every option that it turns out to need.

    Args:
        path: The file or folder; of a text file its first megabytes are enough.
        options: What is already known of it.
        most_rows: How many rows to read at most; None reads all that the megabytes hold.

    Raises:
        DatasetError: It cannot be read, and it is not clear how it could be.
    """
    head = read_head(list_files(path)[0], SAMPLE_BYTES)
    rows = most_rows
    if not head.complete and not head.is_parquet:
        lines = head.content.count(b"\n") or head.content.count(b"\r")
        rows = max(1, min(most_rows or lines, lines - 1))
    for attempt in range(_MOST_PROPOSALS):
        try:
            dataset = read_dataset(path, options, rows=rows)
            if not dataset.typed:
                options = _with_text_kept(dataset.table, options)
                check_numbers(path, dataset.table, dataset.table.columns, options)
        except SourceOptionError as error:
            if attempt == _MOST_PROPOSALS - 1:
                raise
            options = _follow(options, error)
        else:
            break
    return DatasetSample(dataset.table, options, complete=rows is None or len(dataset.table) < rows)


def _follow(options: SourceOptions, error: SourceOptionError) -> SourceOptions:
    value: Any = error.value
    if error.option == "null_values":
        value = (*options.null_values, *(mark for mark in value if mark not in options.null_values))
    proposed: dict[str, Any] = {error.option: value}
    return replace(options, **proposed)


def _with_text_kept(table: pd.DataFrame, options: SourceOptions) -> SourceOptions:
    """Take columns of numbers with many different texts among them for text."""
    texts = {
        str(name): "str"
        for name in table.columns
        if table[name].dtype.kind == "O" and len(blemishes(table[name])) > _MOST_NULL_MARKS
    }
    return replace(options, dtypes={**texts, **options.dtypes})


def _propose_drop(table: pd.DataFrame) -> dict[str, str]:
    reasons = {str(name): _reason_to_drop(table[name]) for name in table.columns}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason_to_drop(column: pd.Series[Any]) -> str | None:
    try:
        reason = useless(column)
    except ColumnRoleError:
        return "has no name in the header"
    return reason or _reason_in_values(column, _kind(column))


def _reason_in_values(column: pd.Series[Any], kind: str) -> str | None:
    if kind == "other":
        return "holds neither numbers nor text"
    distinct = column.nunique()
    if distinct == 1 < len(column):
        return "holds one value only"
    if distinct < len(column) or distinct <= _BINARY or column.dtype.kind == "f":
        return None
    if _ID_NAME.fullmatch(str(column.name).strip()):
        return "names the rows"
    return "holds a different text in every row" if kind == "text" else None


def _profile_column(column: pd.Series[Any]) -> ColumnProfile:
    values = column.dropna().astype("str")
    examples = tuple(str(value)[:40] for value in values.unique()[:_EXAMPLES])
    return ColumnProfile(
        str(column.name), _kind(column), int(column.isna().sum()), int(values.nunique()), examples
    )


def _kind(column: pd.Series[Any]) -> str:
    if column.dtype.kind in "iuf":
        return "number"
    if column.dtype.kind == "b":
        return "boolean"
    if column.dtype.kind == "M":
        return "date"
    values = column.dropna()
    if column.dtype.kind != "O" or not values.map(lambda value: isinstance(value, str)).all():
        return "other"
    return "date" if len(values) and values.str.fullmatch(_DATE).all() else "text"


def _propose_task(target: pd.Series[Any]) -> str:
    values = target.dropna()
    distinct = values.nunique()
    if _kind(target) != "number" or distinct <= _BINARY:
        return CLASSIFICATION
    whole = bool((values % 1 == 0).all())
    few = distinct <= _MOST_CLASSES and len(values) >= _ROWS_PER_CLASS * distinct
    return CLASSIFICATION if whole and few else REGRESSION


def _notes(table: pd.DataFrame, target: str) -> list[str]:
    notes = []
    if nulls := int(table[target].isna().sum()):
        notes.append(f"{nulls} of {len(table)} rows have no value in the target column {target!r}")
    for name in table.columns:
        if table[name].dtype.kind not in "iuf":
            continue
        extremes = {table[name].min(), table[name].max()}
        for mark in (mark for mark in _SENTINELS if mark in extremes):
            rows = int((table[name] == mark).sum())
            if rows > 1:
                notes.append(
                    f"the column {name!r} holds {mark} in {rows} rows: is it a missing value (null_values)?"
                )
    return notes
