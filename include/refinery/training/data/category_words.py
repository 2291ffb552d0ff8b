"""Find words among classes and categories that may not mean what they seem: read as missing, or spelled in two ways."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from refinery.training.data.formats import DEFAULT_NULLS, TYPED_FORMATS, find_format, read_csv_texts
from refinery.training.data.probe import read_head
from refinery.training.data.read import list_files
from refinery.training.errors import SourceOptionError
from refinery.wording import listed_with, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions

# Words that name something in some dataset, such as Namibia or no alcohol; a column with two of them may mean two things.
_MEANINGS = {"na": "na", "nana": "na", "none": "none", "null": "null"}
# Text with more values than this, or with values that mostly occur once, is not a category.
_MOST_CATEGORIES = 1000
_ROWS_PER_CATEGORY = 2
# Enough rows to see that a text is not a category without looking at all of them.
_FIRST_ROWS = 10_000


def count_null_words(
    dataset: Path, options: SourceOptions, columns: Iterable[str], *, rows: int | None = None
) -> dict[str, Counter[str]]:
    """Count the words that are read as missing, by column, but those that `null_values` lists.

    Args:
        dataset: The file or folder. It is read again, these columns alone.
        options: How it is read.
        columns: The columns to look at.
        rows: How many first rows of each file to look at; None is all.
    """
    names = list(columns)
    words = set(DEFAULT_NULLS) - {"", *map(str, options.null_values)}
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    if not names or not options.default_nulls:
        return {}
    for file in list_files(dataset):
        head = read_head(file)
        if (file_format := find_format(head, options)) in TYPED_FORMATS:
            continue
        for texts in read_csv_texts(head, file_format, options, names, rows):
            for name in names:
                counts[name].update(texts[name][texts[name].isin(words)].to_list())
    return {name: found for name, found in counts.items() if found}


def check_null_words(dataset: Path, options: SourceOptions, columns: Iterable[str]) -> tuple[str, ...]:
    """Warn about words among categories that are read as missing.

    Raises:
        SourceOptionError: A column holds several of these words, which would become the same value.
    """
    found = count_null_words(dataset, options, columns)
    for name, words in found.items():
        if len({_meaning(word) for word in words} - {None}) > 1:
            raise SourceOptionError(
                dataset,
                f"the column {quoted(name)} holds {describe_words(words)}, all read as missing; if they are values",
                option="default_nulls",
                value=False,
                more=f"or, if they are missing values, list them in source.null_values: [{', '.join(sorted(words))}]",
            )
    if not found:
        return ()
    described = listed_with({name: describe_words(words) for name, words in found.items()})
    advice = "if one is a value, set source.default_nulls: false; if not, list it in source.null_values."
    return (f"Words are read as missing values in {described}: {advice}",)


def warn_of_twins(columns: Iterable[pd.Series[Any]]) -> tuple[str, ...]:
    """Warn about values of text or category columns that differ only in case or outer blanks."""
    found = {str(column.name): twins for column in columns if (twins := _find_twins(_count_texts(column)))}
    if not found:
        return ()
    described = listed_with({name: describe_words(twins) for name, twins in found.items()})
    problem = f"Values that differ only in case or outer blanks count as different in {described}"
    return (f"{problem}: if they are the same, write them the same way in the dataset.",)


def find_null_words(dataset: Path, options: SourceOptions, column: str) -> str:
    """Describe the words of a column that are read as missing; an empty text where there are none."""
    return describe_words(count_null_words(dataset, options, [column]).get(column, {}))


def describe_words(words: Mapping[str, int]) -> str:
    """List words with the number of rows that hold each, the most frequent first."""
    ordered = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f'"{word}" in {rows:,} row{"s" if rows > 1 else ""}' for word, rows in ordered)


def may_hold_words(column: Any) -> bool:
    """Return whether a column of text or categories has gaps, which words may have become."""
    return bool((column.dtype.kind == "O" or column.dtype == "category") and column.isna().any())


def _meaning(word: str) -> str | None:
    return _MEANINGS.get(re.sub("[^a-z]", "", word.lower()))


def _count_texts(column: pd.Series[Any]) -> dict[Any, int]:
    if column.dtype.kind != "O" or column.head(_FIRST_ROWS).map(str).nunique() > _MOST_CATEGORIES:
        return {}
    texts = column[column.map(lambda value: isinstance(value, str)).astype(bool)]
    counts = texts.astype("str").value_counts()
    few = len(counts) <= _MOST_CATEGORIES and len(counts) * _ROWS_PER_CATEGORY <= len(texts)
    return counts.to_dict() if few else {}


def _find_twins(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the values that have a twin, each with the number of rows that hold it."""
    alike: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        alike[value.strip().casefold()].append(value)
    return {value: counts[value] for values in alike.values() if len(values) > 1 for value in values}
