"""Find columns of numbers that were read as text, which a model would silently take for categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.training.data.number_columns import parse_column
from refinery.training.data.number_form import NumberForm
from refinery.training.data.number_guess import guess_form
from refinery.training.data.number_proposal import NumberText, holds_digit, propose_forms
from refinery.training.errors import DatasetError, SourceOptionError, unreadable
from refinery.wording import listed, listed_with, quoted
from refinery.yaml_text import write_key, write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from refinery.spec.source_options import SourceOptions

# Judging by the first of them keeps large text columns cheap.
_SAMPLE = 10_000
# Texts that are not plain numbers show the form; this many of them are enough.
_MOST_EXAMPLES = 500
# From this share of numbers on, the rest of a column counts as stray values.
_MOSTLY = 0.5
_SHOWN = 5
_EXAMPLES = 2
_MARKS = {"decimal", "thousands"}
# At most this share of the texts may hold digits that a form does not read.
_RARE = 0.05
# Digits that are quantities rather than names of something.
_PLAIN_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]*)?"
_LEADING_ZERO = r"0[0-9]"
_MOST_CODES = 30
# A number, with whatever may stand beside it: a sign, a currency, a unit.
_LOOKS_LIKE_NUMBER = r"[^0-9A-Za-z]*(?:[A-Z]{1,3}[^0-9A-Za-z]*)?\d.*"


def check_numbers(
    path: Path, table: pd.DataFrame, columns: Iterable[str], options: SourceOptions, *, typed: bool = False
) -> None:
    """Check that no target or feature holds numbers as text, unless `dtypes` declares it as text.

    Raises:
        SourceOptionError: An option would make them numbers.
        DatasetError: Only the dataset's producer can make them numbers.
    """
    if found := find_number_texts(table, columns, options, typed=typed):
        raise _as_error(path, found, table, options, typed=typed)


def warn_of_digits(
    table: pd.DataFrame, columns: Iterable[str], options: SourceOptions, *, typed: bool
) -> tuple[str, ...]:
    """Warn about columns that a typed file holds as text though each value is a number, as some programs write decimals."""
    named = {*options.dtypes, *options.dates, *options.numbers}
    found = {
        name: f"such as {quoted(str(texts.iloc[0])[:40])}"
        for name in columns
        if typed
        and name not in named
        and table[name].dtype == "str"
        and len(texts := table[name].dropna())
        and _are_quantities(texts.head(_SAMPLE))
    }
    if not found:
        return ()
    forms = write_yaml({name: {} for name in found})
    names = write_yaml(dict.fromkeys(found, "str"))
    problem = f"Text is learned as text though it is numbers in {listed_with(found)}"
    return (
        f"{problem}: if they are quantities, set source.numbers: {forms}; if they are names, source.dtypes: {names}.",
    )


def find_number_texts(
    table: pd.DataFrame, columns: Iterable[str], options: SourceOptions, *, typed: bool = False
) -> list[NumberText]:
    """Find the columns that hold numbers as text, each with the form that reads it.

    Args:
        table: The rows.
        columns: The columns to look at.
        options: How they were read; columns with a declared type are text on purpose.
        typed: Whether the file declares its types, as Parquet and JSON do: digits alone are not numbers then.
    """
    named = {*options.dtypes, *options.dates, *options.numbers}
    found = (
        _find(table[name], options, typed=typed)
        for name in columns
        if name not in named and table[name].dtype.kind == "O" and table[name].dtype != "category"
    )
    return [one for one in found if one]


def _find(column: pd.Series[Any], options: SourceOptions, *, typed: bool) -> NumberText | None:
    values = column.dropna()
    texts = values[values.map(lambda value: isinstance(value, str)).astype(bool)]
    sample = texts.head(_SAMPLE)
    if not len(sample) or (typed and len(texts) < len(values)) or _share_like_numbers(sample) < _MOSTLY:
        return None
    is_odd = _is_odd(texts, options)
    odd = texts[is_odd]
    if len(odd) == 0 or (typed and not any(map(holds_digit, odd))):
        return None
    plain = texts[~is_odd].drop_duplicates().head(_MOST_EXAMPLES).tolist()
    examples = odd.drop_duplicates().loc[lambda found: found.map(holds_digit)].head(_MOST_EXAMPLES).tolist()
    decimal, thousands = options.decimal, options.thousands
    guess = guess_form(
        [*examples, *plain], decimal=decimal, thousands=thousands, european=options.separator == ";"
    )
    if not examples:
        guess = None
    if guess and guess.units:
        return NumberText(str(column.name), tuple(examples[:_EXAMPLES]), None, None, (), units=guess.units)
    if guess:
        rest = texts[
            parse_column(texts, NumberForm.from_dict(guess.form, decimal=decimal, thousands=thousands)).isna()
        ]
        if sum(map(holds_digit, rest)) <= _RARE * len(texts) and len(rest) <= len(texts) * _MOSTLY:
            distinct = tuple(rest.drop_duplicates())
            shown = tuple(examples[:_EXAMPLES])
            return NumberText(
                str(column.name),
                shown,
                guess.form,
                guess.other,
                distinct,
                readings=guess.readings,
                doubts=guess.doubts,
            )
    if typed or len(odd) > len(values) * _MOSTLY or _are_lists(examples, plain, options.thousands):
        return None
    return NumberText(str(column.name), (), None, None, tuple(odd.drop_duplicates()))


def _as_error(
    path: Path, found: Sequence[NumberText], table: pd.DataFrame, options: SourceOptions, *, typed: bool
) -> DatasetError:
    """Return the error: what the first column holds, and which options read it and the others."""
    first = found[0]
    name = first.column
    as_text = f"if it is text on purpose, set source.dtypes to {write_yaml({name: 'str'})}"
    if first.units:
        problem = f"the column {quoted(name)} holds numbers in several units ({listed(first.units)}), such as {listed(first.examples)}"
        advice = "write them in one of them in the dataset"
        if first.examples[0].endswith(first.units):
            factors = ", ".join(f"{write_key(unit)}: FACTOR" for unit in first.units)
            advice += f", or set source.numbers to {{{write_key(name)}: {{units: {{{factors}}}}}}}"
        return unreadable(path, f"{problem}: {advice}, or, {as_text}.")
    if first.form is None:
        problem = f"the column {quoted(name)} holds numbers, and among them {listed(first.rest[:_SHOWN])}"
        if values := first.values_in_doubt:
            more = f"or correct {listed(values[:_SHOWN])}, which may be values, in the dataset"
            return SourceOptionError(path, problem, option="dtypes", value={name: "str"}, more=more)
        return SourceOptionError(
            path, problem, option="null_values", value=first.markers[:_SHOWN], more=f"or, {as_text}"
        )
    problem = f"the column {quoted(name)} holds numbers written as {listed(first.examples)}"
    (option, value), *others = propose_forms(found, table, options, typed=typed).items()
    also = [f"and source.{other} to {write_yaml(value)}" for other, value in others]
    also += [f"and source.null_values to {write_yaml(first.markers)}"] if first.markers else []
    if first.other is not None:
        also += [
            f"or, for the other reading of {first.readings}, source.numbers to {write_yaml({name: first.other})}"
        ]
    return SourceOptionError(
        path, problem, option=option, value=value, more=", ".join((*also, f"or, {as_text}"))
    )


def _are_quantities(texts: pd.Series[Any]) -> bool:
    """Return whether texts are quantities: codes have leading zeros or one length, quantities fractions or many values."""
    if not texts.str.fullmatch(_PLAIN_NUMBER).all() or texts.str.match(_LEADING_ZERO).any():
        return False
    lengths, distinct = texts.str.len().unique(), texts.nunique()
    return bool(texts.str.contains(".", regex=False).any()) or (len(lengths) > 1 and distinct > _MOST_CODES)


def _share_like_numbers(sample: pd.Series[Any]) -> float:
    return float(sample.str.fullmatch(_LOOKS_LIKE_NUMBER).mean())


def _is_odd(texts: pd.Series[Any], options: SourceOptions) -> pd.Series[bool]:
    """Return for each text whether it is not a number as a file with these options writes one."""
    plain = NumberForm(decimal=options.decimal, thousands=options.thousands)
    return parse_column(texts, plain).isna() | ~texts.map(str.isascii)


def _are_lists(examples: Sequence[str], plain: Sequence[str], thousands: str | None) -> bool:
    """Return whether the thousands mark separates lists, such as "1,2", rather than groups of digits."""
    return (
        thousands is not None
        and all(thousands in text for text in examples)
        and not any(thousands in text for text in plain)
    )
