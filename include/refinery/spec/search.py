"""The values that a search may try for a parameter, as a config writes them: a range or a list of choices."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRIALS = 50
FOLDS = 5

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s+(log))?\s*", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
_FORMS = "write a range such as 1..10, 0.01..1 or 1..1000 log, or a list of choices"
# A whole number that a float cannot hold is not the one that was written.
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from one to another.

    Attributes:
        low: The least; a whole number where both ends are, and then all values are.
        high: The greatest.
        log: Whether each order of magnitude is tried as often as any other.
    """

    low: float
    high: float
    log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        return isinstance(self.low, int)


@dataclass(frozen=True, slots=True)
class Choices:
    """Some values, in no order.

    Attributes:
        values: The values: texts, numbers, booleans and None.
    """

    values: tuple[Any, ...]


Space = Range | Choices


@dataclass(frozen=True, slots=True)
class Searching:
    """What a check of a model's classes must know of a search.

    Attributes:
        spaces: For each class, the values to try for its params, as a config writes them.
        by: The metric that decides, where the config names one.
        first: The estimator of the first candidate; None for that one itself.
    """

    spaces: tuple[Mapping[str, Any], ...]
    by: str | None = None
    first: str | None = None


def parse_space(written: object) -> Space:
    """Return the values that a config writes as `1..10`, `0.01..1 log` or `[3, 5, null]`.

    Raises:
        ValueError: It is neither; the text says what is wrong and what to write.
    """
    if isinstance(written, list | tuple):
        return _parse_choices(tuple(written))
    if not isinstance(written, str):
        raise ValueError(f"{shown(written):.40} is a fixed value; move it to params, or {_FORMS}")  # noqa: TRY004 - told as one kind
    found = _RANGE.fullmatch(written)
    if found is None:
        raise ValueError(f"{shown(written[:40])} is not a range; {_FORMS}")
    first, last, log = found.groups()
    is_whole = bool(_WHOLE.fullmatch(first) and _WHOLE.fullmatch(last))
    low, high = (int(end) if is_whole else float(end) for end in (first, last))
    if not all(math.isfinite(end) and abs(end) <= _LARGEST for end in (low, high)):
        raise ValueError(f"must lie between -{_LARGEST:,} and {_LARGEST:,}")
    if low >= high:
        raise ValueError(f"begins with {first}, which is not below its end, {last}")
    if log and low <= 0:
        raise ValueError(f"is log, so it must begin above 0, not with {first}")
    return Range(low, high, bool(log))


def ends_of(space: Space) -> Iterator[Any]:
    """Yield the values by which a space can be checked: both ends of a range, or each choice."""
    if isinstance(space, Range):
        yield from (space.low, space.high)
    else:
        yield from space.values


def describe_space(written: object) -> str:
    """Return a space in words, such as "whole numbers from 15 to 255, by orders of magnitude"; anything else as it is written."""
    try:
        space = parse_space(written)
    except ValueError:
        return str(written)
    if isinstance(space, Choices):
        return f"one of {', '.join(map(_choice, space.values))}"
    kind = "whole numbers" if space.is_whole else "numbers"
    return f"{kind} from {space.low} to {space.high}{', by orders of magnitude' if space.log else ''}"


def describe_space_change(before: object, after: object) -> str:
    """Return how a space changes in a word, such as "wider"; empty where that is not to be said so."""
    try:
        old, new = parse_space(before), parse_space(after)
    except ValueError:
        return ""
    if not isinstance(old, Range) or not isinstance(new, Range):
        return ""
    if (old.low, old.high) == (new.low, new.high):
        return ""
    if new.low <= old.low and new.high >= old.high:
        return "wider"
    if new.low >= old.low and new.high <= old.high:
        return "narrower"
    return "moved"


def _parse_choices(values: tuple[Any, ...]) -> Choices:
    for value in values:
        if not _is_plain(value):
            raise ValueError(
                "has a choice that is a list or a mapping; write texts, numbers, true, false or null"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"has the choice {value}, which is not a finite number; remove it")
    if len(values) < 2:  # noqa: PLR2004 - a choice between two
        raise ValueError("has fewer than two choices; a fixed value goes under params")
    seen: list[tuple[type, Any]] = []
    for value in values:
        if (type(value), value) in seen:
            raise ValueError(f"has the choice {_choice(value)} twice; remove one")
        seen.append((type(value), value))
    return Choices(values)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _choice(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
