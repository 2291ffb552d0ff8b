"""Read the columns of `source.numbers`: text in the form that the config gives becomes numbers, or an error with its row."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

from refinery.training.data.number_form import BLANKS, NO_UNIT, NumberForm
from refinery.training.errors import unreadable
from refinery.wording import quoted

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions

_EXAMPLES = 3
_TRUTH = {text: text.lower() == "true" for text in ("True", "TRUE", "true", "False", "FALSE", "false")}


def read_number_columns(
    path: Path, table: pd.DataFrame, options: SourceOptions, *, typed: bool, rows_before: int = 0
) -> pd.DataFrame:
    """Turn the columns that `source.numbers` names into numbers, and those that are numbers by the whole file's marks.

    Args:
        path: The file, for messages.
        table: Its rows, or some of them, these columns as text where the file holds text.
        options: How it is read.
        typed: Whether the file declares its columns' types; its marks are its own then.
        rows_before: How many rows of the file come before.

    Raises:
        DatasetError: A value is not a number of the column's form.
    """
    columns = {
        name: _read_column(path, table[name], number_form(options, name), rows_before)
        for name in options.numbers
    }
    if options.has_marks and not typed:
        columns |= _by_marks(path, table, options, rows_before)
    columns = {name: _without_nulls(column, options) for name, column in columns.items()}
    return table.assign(**columns) if columns else table


def _by_marks(
    path: Path, table: pd.DataFrame, options: SourceOptions, rows_before: int
) -> dict[str, pd.Series[Any]]:
    """Decide the types of columns that were read as text only because of the marks."""
    form = NumberForm(decimal=options.decimal, thousands=options.thousands)
    columns = {}
    for name in map(str, table.columns):
        dtype = options.dtypes.get(name)
        if dtype in ("int", "float"):
            columns[name] = _as_declared(path, _read_column(path, table[name], form, rows_before), dtype)
        elif dtype is None and name not in options.dates and name not in options.numbers:
            columns[name] = _infer(table[name], form)
    return columns


def _as_declared(path: Path, column: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    try:
        return column.astype(dtype)
    except (ValueError, TypeError) as error:
        raise unreadable(
            path, f"source.dtypes does not fit the column {quoted(column.name)}: {error}"
        ) from error


def _infer(column: pd.Series[Any], form: NumberForm) -> pd.Series[Any]:
    """Convert a text column as pandas would: to numbers or truth values where each value is one."""
    if column.dtype.kind != "O":
        return column
    texts = column.dropna()
    if texts.isin(_TRUTH).all() and len(texts):
        return column.map(_TRUTH)
    parsed = parse_column(column, form)
    return parsed if parsed.notna().sum() == len(texts) else column


def _without_nulls(column: pd.Series[Any], options: SourceOptions) -> pd.Series[Any]:
    """Treat numbers in `null_values` as missing, however they are written."""
    import pandas as pd

    nulls = pd.to_numeric(pd.Series(options.null_values, dtype="object"), errors="coerce").dropna()
    if nulls.empty or column.dtype.kind not in "iuf":
        return column
    return column.mask(column.isin(nulls))


def number_form(options: SourceOptions, name: str) -> NumberForm:
    """Return the form of a column that `source.numbers` names."""
    return NumberForm.from_dict(options.numbers[name], decimal=options.decimal, thousands=options.thousands)


def parse_column(column: pd.Series[Any], form: NumberForm) -> pd.Series[Any]:
    """Read a column's texts by a form; numbers among them stay as they are, and what is not a number becomes missing."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(column.dtype, pd.StringDtype):
        return _as_series(form.parse(pa.array(column)), column)
    values = list(column.astype("object"))
    texts = pa.array([value if isinstance(value, str) else None for value in values], pa.large_string())
    parsed = _as_series(form.parse(texts), column)
    # Numbers of JSON and Parquet have no unit.
    factor = form.units.get(NO_UNIT) if form.units else 1
    others = [value * factor if factor and _is_number(value) else math.nan for value in values]
    return parsed.fillna(pd.Series(others, index=column.index)) if pd.notna(others).any() else parsed


def _as_series(numbers: Any, column: pd.Series[Any]) -> pd.Series[Any]:
    series: pd.Series[Any] = numbers.to_pandas().set_axis(column.index).rename(column.name)
    return series


def _read_column(path: Path, column: pd.Series[Any], form: NumberForm, rows_before: int) -> pd.Series[Any]:
    if column.dtype.kind in "iuf" and not form.units:
        return column
    parsed = parse_column(column, form)
    is_blank = column.map(lambda value: isinstance(value, str) and not value.strip(BLANKS)).astype(bool)
    unread = (parsed.isna() & column.notna() & ~is_blank).to_numpy()
    if unread.any():
        raise unreadable(path, _problem(column, form, unread, rows_before))
    return parsed


def _problem(column: pd.Series[Any], form: NumberForm, unread: Any, rows_before: int) -> str:
    rows = unread.nonzero()[0]
    shown = ", ".join(
        f"{quoted(str(column.iloc[row])[:40])} in row {rows_before + row + 1}" for row in rows[:_EXAMPLES]
    )
    more = f" and {len(rows) - _EXAMPLES} more" if len(rows) > _EXAMPLES else ""
    are = "value is not a number" if len(rows) == 1 else "values are not numbers"
    advice = "Extend the column's form there, or list what stands for a missing value in source.null_values"
    if form.units and NO_UNIT not in form.units:
        advice += ". A number without a unit is read once the units hold one for it, such as none: 1"
    return f"source.numbers: {len(rows)} {are} in the form of the column {quoted(column.name)}: {shown}{more}. {advice}."


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
