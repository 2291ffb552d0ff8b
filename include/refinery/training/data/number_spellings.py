"""Check how a text table writes its numbers: digits may be names, such as "01234", and a point may group them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from refinery.training.data.formats import TYPED_FORMATS, find_format, read_csv_texts
from refinery.training.data.probe import read_head
from refinery.training.data.read import list_files
from refinery.training.errors import SourceOptionError
from refinery.wording import listed_with, quoted
from refinery.yaml_text import write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from refinery.spec.source_options import SourceOptions

# A point before three digits, as in 6.000; beside numbers without a point, one that ends in zero is not a fraction.
_GROUPED = r"\s*[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})?\s*"
_THOUSANDS = {"thousands": "."}
_MOST_UNGROUPED = 1000
_LEADING_ZERO = r"^\s*[+-]?0[0-9]+\s*$"
# Names show their zeros in the first rows; more rows would cost every dataset a second reading.
_FIRST_ROWS = 1000


def find_leading_zeros(
    dataset: Path, options: SourceOptions, columns: Iterable[pd.Series[Any]]
) -> dict[str, str]:
    """Return the columns of numbers whose first rows hold digits with leading zeros, each with the first of them.

    Args:
        dataset: The file or folder. Its first rows are read again, these columns alone.
        options: How it is read; columns with a declared type, form or date format are left alone.
        columns: The columns to look at, as read.
    """
    named = {*options.dtypes, *options.dates, *options.numbers}
    names = [
        str(column.name) for column in columns if column.dtype.kind in "iuf" and column.name not in named
    ]
    found: dict[str, str] = {}
    for texts in _read_texts(dataset, options, names, _FIRST_ROWS):
        for name, column in texts.items():
            if name not in found and (text := _first_with_zero(column)) is not None:
                found[str(name)] = text.strip()
    return {name: found[name] for name in names if name in found}


def _first_with_zero(texts: pd.Series[Any]) -> str | None:
    # pyarrow itself, because pandas takes a hundred times as long for each of many short columns.
    import pyarrow as pa
    import pyarrow.compute as pc

    values = pa.array(texts)
    at = pc.index(pc.match_substring_regex(values, _LEADING_ZERO), True).as_py()
    return None if at < 0 else str(values[at])


def find_grouped_digits(
    dataset: Path, options: SourceOptions, columns: Iterable[pd.Series[Any]]
) -> dict[str, str]:
    """Return columns read as fractions that are whole numbers with a grouping point, each with an example.

    Args:
        dataset: The file or folder. Its first rows are read again, these columns alone.
        options: How it is read; nothing is found where it names the marks.
        columns: The columns to look at, as read.
    """
    named = {*options.dtypes, *options.dates, *options.numbers}
    names = [str(column.name) for column in columns if column.name not in named and _may_be_grouped(column)]
    texts: dict[str, list[str]] = {name: [] for name in names}
    for block in _read_texts(dataset, options, [] if options.has_marks else names, _FIRST_ROWS):
        for name in names:
            texts[name] += block[name].dropna().str.strip().to_list()
    examples = {
        name: next((text for text in found if "." in text and text.endswith("0")), None)
        for name, found in texts.items()
        if all(re.fullmatch(_GROUPED, text) for text in found) and not all("." in text for text in found)
    }
    return {name: example for name, example in examples.items() if example}


def check_spellings(
    dataset: Path, options: SourceOptions, columns: Iterable[pd.Series[Any]]
) -> tuple[str, ...]:
    """Check how columns that were read as numbers are written, and warn about leading zeros.

    Raises:
        SourceOptionError: A point groups the digits of whole numbers that are read as fractions, or several texts of a
            column, such as "01234" and "1234", have become one number.
    """
    columns = list(columns)
    for name, text in find_grouped_digits(dataset, options, columns).items():
        raise SourceOptionError(
            dataset,
            f"the column {quoted(name)} holds {quoted(text)} beside whole numbers without a point, so that the point seems to group digits",
            option="numbers",
            value={**options.numbers, name: _THOUSANDS},
            more=f"or, if they are fractions, set source.dtypes to {write_yaml({name: 'float'})}",
        )
    return _check_leading_zeros(dataset, options, columns)


def with_grouped_digits(options: SourceOptions, names: Iterable[str]) -> SourceOptions:
    """Return the options with a form for columns whose digits a point groups."""
    return replace(options, numbers={**options.numbers, **dict.fromkeys(names, _THOUSANDS)})


def _may_be_grouped(column: pd.Series[Any]) -> bool:
    """Return whether fractions have at most three digits before and after the point."""
    if column.dtype.kind != "f":
        return False
    import numpy as np

    # The first rows rule out most columns.
    values = column.to_numpy()
    if not all(_are_short_thousandths(part) for part in (values[:_FIRST_ROWS], values)):
        return False
    numbers = values[~np.isnan(values)]
    return bool((numbers != np.floor(numbers)).any())


def _are_short_thousandths(values: np.ndarray[Any, Any]) -> bool:
    import numpy as np

    with np.errstate(over="ignore"):
        thousandths = np.round(np.abs(values[~np.isnan(values)]) * 1000, 6)
    return bool((thousandths < _MOST_UNGROUPED * 1000).all() and (thousandths % 1 == 0).all())


def _check_leading_zeros(
    dataset: Path, options: SourceOptions, columns: Iterable[pd.Series[Any]]
) -> tuple[str, ...]:
    found = find_leading_zeros(dataset, options, columns)
    spellings: dict[str, dict[str, str]] = {name: {} for name in found}
    for texts in _read_texts(dataset, options, list(found), None):
        for name, known in spellings.items():
            for text in texts[name].dropna().str.strip().unique():
                if (other := known.setdefault(_without_zeros(text), text)) != text:
                    raise SourceOptionError(
                        dataset,
                        f"the column {quoted(name)} holds {quoted(other)} and {quoted(text)}, which are read as one number; if they are two names",
                        option="dtypes",
                        value={name: "str"},
                        more=f"or, if they are one number, to {write_yaml({name: 'float'})}",
                    )
    if not found:
        return ()
    described = listed_with({name: f"such as {quoted(text)}" for name, text in found.items()})
    names = write_yaml(dict.fromkeys(found, "str"))
    problem = f"Digits with leading zeros are read as numbers in {described}"
    advice = f"if they are names, such as postal codes, set source.dtypes: {names}; if they are dates, give source.dates their format"
    return (f"{problem}: {advice}.",)


def _read_texts(
    dataset: Path, options: SourceOptions, names: list[str], rows: int | None
) -> Iterator[pd.DataFrame]:
    if not names:
        return
    for file in list_files(dataset):
        head = read_head(file)
        if (file_format := find_format(head, options)) not in TYPED_FORMATS:
            yield from read_csv_texts(head, file_format, options, names, rows)


def _without_zeros(text: str) -> str:
    sign = "-" if text.startswith("-") else ""
    return sign + (text.lstrip("+-").lstrip("0") or "0")
