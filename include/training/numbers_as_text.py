"""Finds columns of numbers that were read as text, since a model would silently take them for categories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.training.errors import SourceOptionError, UnreadableDatasetError, listed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from include.training.source_options import SourceOptions

# Judging by the first of them keeps large text columns cheap.
_SAMPLE = 10_000
# From this share of numbers on, the rest of a column is taken for a blemish.
_MOSTLY = 0.5
_SHOWN = 5
_GROUPED_BY_COMMAS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_GROUPED_BY_BLANKS = re.compile("[+-]?\\d{1,3}([ \u00a0]\\d{3})+([.,]\\d+)?")
_WITH_SIGN = re.compile(r"[$\u20ac\u00a3]\s*[+-]?[\d.,]+|[+-]?[\d.,]+\s*[%$\u20ac\u00a3]")


def check_numbers(path: Path, table: pd.DataFrame, columns: Iterable[str], options: SourceOptions) -> None:
    """Check that no column that is to be learned from holds numbers as text, unless `dtypes` says that it shall.

    Raises:
        SourceOptionError: An option would make them numbers.
        UnreadableDatasetError: Only the dataset's producer can.
    """
    for name in columns:
        if table[name].dtype.kind == "O" and name not in options.dtypes and name not in options.dates:
            _check_column(path, table[name], options)


def blemishes(column: pd.Series[Any]) -> list[str]:
    """Give the texts among a column's numbers where numbers are most of it, else none."""
    values = column.dropna()
    if not _share_of_numbers(values.head(_SAMPLE)) >= _MOSTLY:
        return []
    import pandas as pd

    return [str(value) for value in values[pd.to_numeric(values, errors="coerce").isna()].unique()]


def _share_of_numbers(values: pd.Series[Any]) -> float:
    import pandas as pd

    return float(pd.to_numeric(values, errors="coerce").notna().mean()) if len(values) else 0.0


def _check_column(path: Path, column: pd.Series[Any], options: SourceOptions) -> None:
    name = str(column.name)
    as_text = f"or, if it is text on purpose, set source.dtypes to {{{name}: str}}"
    if found := blemishes(column):
        problem = f"the column {name!r} holds numbers, and among them {listed(found[:_SHOWN])}"
        raise SourceOptionError(
            path, problem, option="null_values", value=tuple(found[:_SHOWN]), more=as_text
        )
    sample = column.dropna().head(_SAMPLE).astype(str).str.strip()
    problem = f"the column {name!r} holds numbers written as {listed(sample.head(2))}"
    if _mostly(sample, _GROUPED_BY_COMMAS) and not _may_be_decimals(sample, options):
        raise SourceOptionError(path, problem, option="thousands", value=",", more=as_text)
    if options.decimal == "," and _mostly(sample, _DECIMAL_COMMA):
        raise SourceOptionError(path, problem, option="thousands", value=".", more=as_text)
    if _mostly(sample, _DECIMAL_COMMA) and sample.str.contains(",").any():
        raise SourceOptionError(path, problem, option="decimal", value=",", more=as_text)
    if _mostly(sample, _GROUPED_BY_BLANKS):
        blank = "\u00a0" if sample.str.contains("\u00a0").any() else " "
        raise SourceOptionError(path, problem, option="thousands", value=blank, more=as_text)
    if _mostly(sample, _WITH_SIGN):
        raise UnreadableDatasetError(
            path, f"{problem}; write them without their signs in the dataset, {as_text}"
        )


def _mostly(sample: pd.Series[Any], pattern: re.Pattern[str]) -> bool:
    return len(sample) > 0 and float(sample.str.fullmatch(pattern.pattern).mean()) >= _MOSTLY


def _may_be_decimals(sample: pd.Series[Any], options: SourceOptions) -> bool:
    return options.separator == ";" and not sample.str.contains(",.*,", regex=True).any()
