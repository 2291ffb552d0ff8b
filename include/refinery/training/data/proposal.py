"""Look at a dataset's beginning and propose how to read it and what to learn from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.spec.date_formats import ISO8601
from refinery.training.data.category_words import count_null_words, describe_words, may_hold_words
from refinery.training.data.columns import exclusion_reason, no_features
from refinery.training.data.dates import explain_unclear
from refinery.training.data.formats import find_format
from refinery.training.data.number_proposal import propose_options
from refinery.training.data.number_spellings import (
    find_grouped_digits,
    find_leading_zeros,
    with_grouped_digits,
)
from refinery.training.data.numbers_as_text import find_number_texts
from refinery.training.data.probe import read_head
from refinery.training.data.profile import ColumnProfile, find_kind, profile_column
from refinery.training.data.read import list_files, read_dataset
from refinery.training.data.readable_columns import (
    READING_ERRORS,
    describe_left_out,
    leave_out_unreadable,
)
from refinery.training.data.target_proposal import TargetProposal, propose_target
from refinery.training.errors import ColumnRoleError, SourceOptionError
from refinery.wording import quoted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions

# What a profile reads of a file at most, so that it takes a second or two for a file of any size.
SAMPLE_BYTES = 4 * 1024 * 1024
_SAMPLE_ROWS = 20_000
# A file that needs more options than this is not worth guessing.
_MOST_PROPOSALS = 20
_BINARY = 2
_ID_NAME = re.compile(r"(.*[_ ])?(id|uuid|guid|key|index)|.*Id", re.IGNORECASE)
_TEXT = "str"
# Numbers that instruments and old programs write for missing values.
_SENTINELS = (-9999, -999, -200, -99, 9999, 99999)


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """What a config may say of a dataset, from its first rows.

    Attributes:
        format: The file's format.
        options: The options that read it: those given, and those that it needs.
        rows: How many rows were looked at.
        columns: The columns.
        target: The column to predict, if one stands out.
        drop: Columns that are better left out, each with the reason.
        notes: What a person should look at.
    """

    format: str
    options: SourceOptions
    rows: int
    columns: tuple[ColumnProfile, ...]
    target: TargetProposal
    drop: dict[str, str]
    notes: tuple[str, ...]

    def column(self, name: str) -> ColumnProfile:
        """Return the profile of a column."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class DatasetSample:
    """A dataset's first rows.

    Attributes:
        table: The rows.
        options: The options that read them: those given, and those that they need.
        complete: Whether they are all rows of the file.
        notes: What a person should look at in the options.
    """

    table: pd.DataFrame
    options: SourceOptions
    complete: bool
    notes: tuple[str, ...] = ()


def profile_dataset(path: Path, options: SourceOptions, *, target: str | None = None) -> DatasetProfile:
    """Read the first megabytes of a file, with every option that it needs, and look at its columns.

    Args:
        path: The file or folder; the first megabytes of a text file are enough.
        options: What is already known about it.
        target: The column to predict, if that is already known.

    Raises:
        DatasetError: It cannot be read, and no option that would help is known.
    """
    sample = read_sample(path, options, most_rows=_SAMPLE_ROWS)
    table, options = sample.table, sample.options
    drop = _propose_drop(table)
    candidates = [name for name in table.columns if name not in drop]
    if len(candidates) < _BINARY:
        raise no_features(candidates[0] if candidates else "", list(table.columns))
    columns = tuple(profile_column(table[name]) for name in table.columns)
    return DatasetProfile(
        format=find_format(read_head(list_files(path)[0]), options),
        options=options,
        rows=len(table),
        columns=columns,
        target=propose_target(columns, len(table), drop),
        drop=drop,
        notes=(*sample.notes, *_sentinel_notes(table), *_null_word_notes(path, sample, target)),
    )


def read_sample(path: Path, options: SourceOptions, *, most_rows: int | None = None) -> DatasetSample:
    """Read the first megabytes of a file, with every option that it needs.

    Args:
        path: The file or folder; the first megabytes of a text file are enough.
        options: What is already known about it.
        most_rows: How many rows to read at most; None reads all that the megabytes hold.

    Raises:
        DatasetError: It cannot be read, and no option that would help is known.
    """
    head = read_head(list_files(path)[0], SAMPLE_BYTES)
    rows = most_rows
    if not head.complete and not head.is_parquet:
        lines = head.content.count(b"\n") or head.content.count(b"\r")
        rows = max(1, min(most_rows or lines, lines - 1))
    notes: list[str] = []
    for attempt in range(_MOST_PROPOSALS):
        try:
            dataset = read_dataset(path, options, rows=rows)
        except SourceOptionError as error:
            if attempt == _MOST_PROPOSALS - 1:
                raise
            options = replace(options, **{error.option: error.value})
        except READING_ERRORS:
            found_others = leave_out_unreadable(path, options, rows)
            if found_others is None:
                raise
            options, reasons = found_others
            notes += describe_left_out(reasons)
        else:
            table, typed = dataset.table, dataset.typed
            found = find_number_texts(table, table.columns, options, typed=typed)
            if not found:
                break
            options, doubts = propose_options(found, table, options, typed=typed)
            notes += doubts
    options, doubts = _propose_spellings(path, dataset.table, options)
    if doubts:
        notes += doubts
        dataset = read_dataset(path, options, rows=rows)
    complete = rows is None or len(dataset.table) < rows
    options = _with_formats(options, dataset.dates)
    return DatasetSample(dataset.table, options, complete=complete, notes=tuple(notes))


def _propose_spellings(
    path: Path, table: pd.DataFrame, options: SourceOptions
) -> tuple[SourceOptions, list[str]]:
    """Return the options that read numbers written as names or in groups, and notes on what a person should check."""
    columns = [table[name] for name in table.columns]
    grouped, zeros = (find(path, options, columns) for find in (find_grouped_digits, find_leading_zeros))
    options = with_grouped_digits(options, grouped) if grouped else options
    options = replace(options, dtypes={**options.dtypes, **dict.fromkeys(zeros, _TEXT)}) if zeros else options
    return options, [
        *(
            f"the column {quoted(name)} holds {quoted(text)}, whose point is read as one between thousands: is it a fraction?"
            for name, text in grouped.items()
        ),
        *(
            f"the column {quoted(name)} holds {quoted(text)}, with a leading zero, and is read as text (dtypes): is it a number?"
            for name, text in zeros.items()
        ),
    ]


def _with_formats(options: SourceOptions, found: Mapping[str, str]) -> SourceOptions:
    """Add the date formats that these rows reveal: another day's may be too few for that. ISO 8601 needs no entry."""
    given = dict.fromkeys(options.dates) | dict(options.dates if isinstance(options.dates, Mapping) else {})
    needed = {name: each for name, each in found.items() if name in given or each != ISO8601}
    return replace(options, dates=needed) if needed else options


def _propose_drop(table: pd.DataFrame) -> dict[str, str]:
    reasons = {str(name): _reason_to_drop(table[name]) for name in table.columns}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason_to_drop(column: pd.Series[Any]) -> str | None:
    try:
        reason = exclusion_reason(column)
    except ColumnRoleError:
        return "has no name in the header"
    return reason or _reason_in_values(column, find_kind(column))


def _reason_in_values(column: pd.Series[Any], kind: str) -> str | None:
    if kind == "other":
        return "holds neither numbers nor text"
    if (unclear := explain_unclear(column)) is not None:
        return unclear
    distinct = column.nunique()
    if distinct == 1 < len(column):
        return "holds one value only"
    if distinct < len(column) or distinct <= _BINARY or column.dtype.kind == "f":
        return None
    if _ID_NAME.fullmatch(str(column.name).strip()):
        return "names the rows"
    return "holds a different text in every row" if kind == "text" else None


def _null_word_notes(path: Path, sample: DatasetSample, target: str | None) -> list[str]:
    table = sample.table
    names = [
        str(name)
        for name in table.columns
        if may_hold_words(table[name]) or (name == target and table[name].isna().any())
    ]
    found = count_null_words(path, sample.options, names, rows=len(table))
    return [
        f"the column {quoted(name)} holds {describe_words(words)}, read as missing: is it a value (default_nulls: false)?"
        for name, words in found.items()
    ]


def _sentinel_notes(table: pd.DataFrame) -> list[str]:
    notes = []
    for name in table.columns:
        if table[name].dtype.kind not in "iuf":
            continue
        extremes = {table[name].min(), table[name].max()}
        for mark in (mark for mark in _SENTINELS if mark in extremes):
            rows = int((table[name] == mark).sum())
            if rows > 1:
                notes.append(
                    f"the column {quoted(name)} holds {mark} in {rows} rows: is it a missing value (null_values)?"
                )
    return notes
