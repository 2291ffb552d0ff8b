"""Propose the column to predict: by its name, else by its values and place, else none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from refinery.spec.tasks import CLASSIFICATION
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from refinery.training.data.profile import ColumnProfile

_CLASSES, _NUMBERS = "classes", "numbers"
# A column with more different texts than this names something.
_MOST_CLASSES = 20
_ROWS_PER_CLASS = 2
_TWO = 2
# A column of classes beside fewer numbers is as likely what they are explained by.
_FEWEST_NUMBERS = 3
_SHOWN = 3
_COUNTED = {2: "two", 3: "three", 4: "four", 5: "five"}
_SHORTEST_PLURAL = 4


@dataclass(frozen=True, slots=True)
class _Group:
    """Names that targets have, and what such a column holds."""

    words: frozenset[str]
    kinds: frozenset[str]


def _group(words: str, *kinds: str) -> _Group:
    return _Group(frozenset(words.split()), frozenset(kinds))


# The first group with a match wins: what calls itself the target, then what happened, how much, at what value, of which kind.
_GROUPS = (
    _group("target label outcome response y cible ziel objetivo", _CLASSES, _NUMBERS),
    _group(
        "churn churned attrition exited survived died dead death default defaulted fraud converted conversion clicked purchase "
        "purchased bought subscribed cancelled canceled approved failed failure arrest event choice vote diagnosis status",
        _CLASSES,
    ),
    _group("sales demand revenue consumption yield progression umsatz ventes ventas", _NUMBERS),
    _group("price cost salary wage rent rating score mpg prix preis precio", _NUMBERS),
    _group("class species variety cultivar quality sentiment satisfaction", _CLASSES),
)
# At the end of a longer name, these belong to features too: "marital status", "credit score".
_ALONE = frozenset({"y", "status", "class", "score", "event", "default", "choice"})
# Classes that describe a row rather than what becomes of it.
_TRAITS = frozenset(
    ["sex", "gender", "race", "region", "country", "state", "city", "month", "day", "year", "id"]
)
_QUESTIONS = frozenset({"is", "has", "was", "did", "will"})
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class TargetProposal:
    """The column to predict, if one stands out.

    Attributes:
        column: The column; None where none stands out.
        reason: Why it was proposed, such as "its name and its two values", or a sentence that says why none was.
        others: Where none stands out, the columns to choose from, the likeliest first.
    """

    column: str | None
    reason: str
    others: tuple[str, ...] = ()


def propose_target(columns: Sequence[ColumnProfile], rows: int, drop: Collection[str]) -> TargetProposal:
    """Propose the column to predict, never one that is left out, is a date, has gaps or holds nearly unique text.

    A known name comes first. Without one, the only column with classes does, if it is the first or the last.

    Args:
        columns: The columns, in order.
        rows: How many rows they were profiled from.
        drop: The columns that are left out.
    """
    kept = [column for column in columns if column.name not in drop and column.kind != "date"]
    usable = [column for column in kept if _kinds(column, rows)]
    # The last column is a table's target more often than the first.
    edges = [column.name for column in (*kept[-1:], *kept[:1])]
    matches = _with_known_name(usable, rows)
    likeliest = next(([edge] for edge in edges if edge in matches), matches)
    if len(likeliest) > 1:
        problem = f"Each of {' and '.join(map(quoted, likeliest[:_SHOWN]))} may be the target, by its name"
        return TargetProposal(None, problem, tuple(likeliest))
    if likeliest:
        chosen = next(column for column in usable if column.name == likeliest[0])
        return TargetProposal(chosen.name, f"its name and its {_describe_values(chosen)}")
    return _propose_by_place(usable, edges) or _propose_none(kept, usable, rows)


def _kinds(column: ColumnProfile, rows: int) -> set[str]:
    """Return what a column may be learned as: classes, numbers, both, or nothing."""
    if column.nulls or column.distinct < _TWO:
        return set()
    if column.kind in ("text", "boolean"):
        few = column.distinct <= min(_MOST_CLASSES, rows / _ROWS_PER_CLASS)
        return {_CLASSES} if few else set()
    if column.kind != "number":
        return set()
    return {_CLASSES, _NUMBERS} if column.task == CLASSIFICATION else {_NUMBERS}


def _with_known_name(columns: Sequence[ColumnProfile], rows: int) -> list[str]:
    """Return the columns with a name of the first group that has any; a whole name before the last word of one."""
    coordinates = [y.name for y, z in pairwise(columns) if (_words(y.name), _words(z.name)) == (["y"], ["z"])]
    for group in _GROUPS:
        fitting = [
            (column.name, _words(column.name))
            for column in columns
            if group.kinds & _kinds(column, rows) and column.name not in coordinates
        ]
        whole = [name for name, words in fitting if len(words) == 1 and _is_in(words[0], group.words)]
        ends = [name for name, words in fitting if words and _is_in(words[-1], group.words - _ALONE)]
        if found := whole or ends:
            return found
    return []


def _words(name: str) -> list[str]:
    """Split a name such as "SalePrice" or "is_fraud" into words in lower case, without a leading question."""
    words = [word.casefold() for word in _NO_WORD.split(_HUMP.sub(" ", name)) if word]
    return words[1:] if len(words) > 1 and words[0] in _QUESTIONS else words


def _is_in(word: str, words: Collection[str]) -> bool:
    return word in words or (len(word) >= _SHORTEST_PLURAL and word.removesuffix("s") in words)


def _describe_values(column: ColumnProfile) -> str:
    if column.task != CLASSIFICATION:
        return "numbers"
    return f"{_COUNTED.get(column.distinct, column.distinct)} values"


def _propose_by_place(usable: Sequence[ColumnProfile], edges: Sequence[str]) -> TargetProposal | None:
    """Propose the column of classes beside numbers, if there is one only and it is the last or the first."""
    classes = [column for column in usable if _is_class(column)]
    if len(classes) != 1 or classes[0].name not in edges or len(usable) <= _FEWEST_NUMBERS:
        return None
    if _TRAITS.intersection(_words(classes[0].name)[-1:]):
        return None
    place = "last" if classes[0].name == edges[0] else "first"
    reason = f"its place and its {_describe_values(classes[0])}: it is the {place} column and the only one with classes"
    return TargetProposal(classes[0].name, reason)


def _is_class(column: ColumnProfile) -> bool:
    return column.kind != "number" or column.distinct == _TWO


def _propose_none(
    kept: Sequence[ColumnProfile], usable: Sequence[ColumnProfile], rows: int
) -> TargetProposal:
    names = [column.name for column in usable or kept]
    names = [*names[-1:], *names[:-1]]
    whole = [replace(column, nulls=0) for column in kept]
    if gapped := _with_known_name(whole, rows):
        column = next(column for column in kept if column.name == gapped[0])
        problem = f"{quoted(column.name)} has the name of a target, but {column.nulls:,} of {rows:,} rows have no value in it"
        return TargetProposal(None, problem, (column.name, *names))
    return TargetProposal(None, "No column stands out as the target by its name or its values", tuple(names))
