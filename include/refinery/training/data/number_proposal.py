"""Columns of numbers that were read as text, and the options of `source` to propose for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refinery.wording import listed, quoted
from refinery.yaml_text import write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from refinery.spec.source_options import SourceOptions

_MARKS = {"decimal", "thousands"}
# With more different texts than this among its plain numbers, a column is proposed as text.
_MOST_MARKERS = 3
_TEXT = "str"


@dataclass(frozen=True, slots=True)
class NumberText:
    """A column of numbers that was read as text.

    Attributes:
        column: The column.
        examples: Texts that show how its numbers are written.
        form: Its entry of `source.numbers`; None where its numbers need none, or where no form reads them.
        other: The entry under which the same texts are other numbers; None where they have one reading.
        rest: The texts among them that the form does not read.
        units: The several units or currencies in which it writes its numbers, where no form makes them one.
        readings: An example with both readings; "" where there is one.
        doubts: What else to look at before trusting the form.
    """

    column: str
    examples: tuple[str, ...]
    form: dict[str, Any] | None
    other: dict[str, Any] | None
    rest: tuple[str, ...]
    units: tuple[str, ...] = ()
    readings: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def markers(self) -> tuple[str, ...]:
        """The texts of the rest that may stand for a missing value: those without a digit."""
        return tuple(text for text in self.rest if not holds_digit(text))

    @property
    def values_in_doubt(self) -> tuple[str, ...]:
        """The texts of the rest that may be values: those with a digit."""
        return tuple(text for text in self.rest if holds_digit(text))


def holds_digit(text: str) -> bool:
    """Return whether a text holds a digit, and so may be a number."""
    return any(letter.isdigit() for letter in text)


def propose_options(
    found: Sequence[NumberText], table: pd.DataFrame, options: SourceOptions, *, typed: bool
) -> tuple[SourceOptions, list[str]]:
    """Return the options that read the columns, and notes on what a person should check.

    Args:
        found: The columns.
        table: The rows that they were found in.
        options: How these were read.
        typed: Whether the file declares its columns' types.
    """
    texts = {one.column: _TEXT for one in found if _is_text(one)}
    nulls = [text for one in found if one.column not in texts for text in one.rest]
    proposed = replace(
        options,
        **propose_forms(found, table, options, typed=typed),
        dtypes={**texts, **options.dtypes},
        null_values=tuple(dict.fromkeys((*options.null_values, *nulls))),
    )
    return proposed, [note for one in found for note in _notes(one)]


def propose_forms(
    found: Sequence[NumberText], table: pd.DataFrame, options: SourceOptions, *, typed: bool
) -> dict[str, Any]:
    """Return the options that read the columns: marks for the whole file where all agree, else each column's form."""
    forms = {one.column: one.form for one in found if one.form is not None}
    marks = {} if typed else _common_marks(list(forms.values()), table, options)
    named = {name: form for name, form in forms.items() if not (marks and form and set(form) <= _MARKS)}
    return {**marks, **({"numbers": {**options.numbers, **named}} if named else {})}


def _common_marks(
    forms: Sequence[dict[str, Any]], table: pd.DataFrame, options: SourceOptions
) -> dict[str, str]:
    """Find marks that fit the whole file; none where a column needs others."""
    marked = [form for form in forms if form and set(form) <= _MARKS]
    decimals = {form.get("decimal", ".") for form in marked}
    thousands = {form["thousands"] for form in marked if "thousands" in form} | {options.thousands} - {None}
    if len(decimals) != 1 or len(thousands) > 1:
        return {}
    decimal = decimals.pop()
    if decimal != options.decimal and (
        options.decimal != "." or len(marked) < len(forms) or _has_points(table)
    ):
        return {}
    found = {"decimal": decimal, "thousands": next(iter(thousands), None)}
    return {mark: sign for mark, sign in found.items() if sign and sign != getattr(options, mark)}


def _has_points(table: pd.DataFrame) -> bool:
    """Return whether a column was read as numbers with a decimal point."""
    numbers = table.select_dtypes("float")
    return bool((numbers.fillna(0) % 1 != 0).any().any())


def _is_text(one: NumberText) -> bool:
    return bool(one.units) or (one.form is None and len(one.rest) > _MOST_MARKERS)


def _notes(one: NumberText) -> Iterator[str]:
    column = f"the column {quoted(one.column)}"
    if one.units:
        yield (
            f"{column} holds numbers in several units ({listed(one.units)}) and is read as text (dtypes); units under "
            "source.numbers can make one of them"
        )
    elif _is_text(one):
        yield f"{column} holds numbers and other texts, such as {listed(one.rest[:_MOST_MARKERS])}, and is read as text (dtypes)"
    elif values := one.values_in_doubt:
        yield f"{column} holds {listed(values)} among its numbers, which null_values makes missing: are they values?"
    if one.other is not None:
        yield (
            f"{column} holds {one.readings}: it is read as the first; as the second with "
            f"{write_yaml({one.column: one.other})} under source.numbers"
        )
    yield from (f"{column}: {doubt}" for doubt in one.doubts)
