"""Find the form in which a text column writes numbers, and what remains ambiguous about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refinery.training.data.number_form import NO_UNIT, PARENTHESES, TRAILING, NumberForm, plain_text
from refinery.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Marks = tuple[str | None, str]

# From this share of numbers on, the rest counts as stray values.
_NEARLY_ALL = 0.95
# Fewer different texts with a word as unit, such as "36 months", can be learned from as categories.
_FEWEST_WITH_WORDS = 6
_MOST_SPELLINGS = 2
_MULTIPLIERS = {
    "k": 1000,
    "K": 1000,
    "M": 1_000_000,
    "MM": 1_000_000,
    "mn": 1_000_000,
    "mio": 1_000_000,
    "Mio": 1_000_000,
    "B": 1_000_000_000,
    "G": 1_000_000_000,
    "bn": 1_000_000_000,
    "Mrd": 1_000_000_000,
    "T": 1_000_000_000_000,
}
_CURRENCIES = (
    "USD|EUR|GBP|JPY|CNY|INR|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|BRL|MXN|ARS|CLP|COP|PEN|CAD|AUD|NZD|SGD|HKD|"
    "TWD|KRW|THB|IDR|MYR|PHP|VND|ZAR|EGP|NGN|KES|ILS|AED|SAR"
)
_CURRENCY_SIGNS = "[$\u00a2\u00a3\u00a4\u00a5\u09f3\u0e3f\u20a1\u20a6\u20a8\u20a9\u20aa\u20ab\u20ac\u20b1\u20b4\u20b8\u20b9\u20ba\u20bd\u20bf]"
_CURRENCY = re.compile(rf"{_CURRENCIES}|.*{_CURRENCY_SIGNS}.*")
# Units that are written right after a number; other words count as units after a blank.
_UNIT = re.compile(
    "g|kg|mg|t|lbs?|oz|m|km|cm|mm|mi|ft|in|l|ml|h|hrs?|min|s|sec|ms|B|kB|KB|MB|GB|TB|Hz|kHz|MHz|GHz|W|kW|MW|kWh|MWh|px|pt|"
    rf"mpg|mph|kmh|bhp|hp|cc|rpm|bps|Mbps|x|{_CURRENCIES}"
)
_COMPARISONS = "<>~\u2248\u2264\u2265\u00b1"
_ORDINALS = {"st", "nd", "rd", "th"}
_PREFIX = (
    rf"(?:(?:[A-Z]{{0,3}}{_CURRENCY_SIGNS}|(?:{_CURRENCIES})\b|Rs\.?)|[<>\u2264\u2265]=?|[~\u2248\u00b1']|\")"
)
_NUMBER = r"(?:[0-9]+(?:[ .,'_][0-9]+)*[.,]?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?"
_TOKEN = re.compile(
    rf"(?P<sign>[-+]?) *(?P<prefix>(?:{_PREFIX})?) *(?P<inner>[-+]?) *(?P<number>{_NUMBER})(?P<blank> *)(?P<suffix>(?:[^0-9 ].*)?)"
)
_IN_PARENTHESES = re.compile(rf"((?:{_PREFIX})?) *\(([^()]*[0-9][^()]*)\) *([^()]*)")
_TRAILING_MINUS = re.compile(r"([^-+].*?) *-")
_OWN_SUFFIX = re.compile(r"[^0-9A-Za-z.,:/(_-]")
_USUAL: Marks = (None, ".")
_MARKS: tuple[Marks, ...] = (
    *(_USUAL, (None, ","), (",", "."), (".", ","), (" ", "."), (" ", ",")),
    *(("'", "."), ("'", ","), ("_", "."), ("_", ",")),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """How a column seems to write its numbers.

    Attributes:
        form: The column's entry of `source.numbers`; {} where nothing needs to be named.
        other: The entry that reads different numbers; None where there is one reading.
        readings: An example with both readings; "" where there is one.
        doubts: What else a person should look at before trusting the form.
        units: Several units or currencies that no known form converts to one; the form reads nothing then.
    """

    form: dict[str, Any]
    other: dict[str, Any] | None = None
    readings: str = ""
    doubts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    prefix: str
    number: str
    suffix: str
    has_blank: bool
    negative: str | None


def guess_form(
    texts: Sequence[str], *, decimal: str, thousands: str | None, european: bool = False
) -> Guess | None:
    """Find the form that reads nearly all texts that hold a digit.

    Args:
        texts: Values of the column, repeated as there; some hundreds are enough.
        decimal: The decimal mark of the whole file.
        thousands: The thousands mark of the whole file.
        european: Whether a comma is more likely a decimal mark than a thousands mark.

    Returns:
        The form; None where the texts are something else, such as codes, dates, versions, lists or ranges.
    """
    holding = [text for text in map(_plain, texts) if any(letter.isdigit() for letter in text)]
    tokens = [token for token in map(_read_token, holding) if token]
    if not tokens or len(tokens) < _NEARLY_ALL * len(holding):
        return None
    if len(several := _several_units(tokens)) > 1:
        return Guess({}, units=tuple(several))
    negatives = {token.negative for token in tokens} - {None}
    affixes = _guess_affixes(tokens)
    marks = _guess_marks(tokens, decimal, thousands, european=european)
    if len(negatives) > 1 or affixes is None or marks is None:
        return None
    negative = {"negative": next(iter(negatives))} if negatives else {}
    chosen, other, readings = marks
    form = {**affixes, **chosen, **negative}
    return Guess(
        form,
        None if other is None else {**affixes, **other, **negative},
        readings,
        doubts=tuple(_doubts(form, tokens)),
    )


def _doubts(form: Mapping[str, Any], tokens: Sequence[_Token]) -> Iterator[str]:
    if NO_UNIT in form.get("units", ()):
        yield "numbers without a unit are taken as they are"
    for token in tokens:
        if (token.prefix and token.prefix[0] in _COMPARISONS) or token.suffix == "+":
            text = f"{token.prefix}{token.number}{token.suffix}"
            yield f"{quoted(text)} is read as the number alone"
            return


def _plain(text: str) -> str:
    return plain_text(text).strip()


def _read_token(text: str) -> _Token | None:
    negative = None
    if inner := _IN_PARENTHESES.fullmatch(text):
        text, negative = "".join(inner.groups()), PARENTHESES
    elif trailing := _TRAILING_MINUS.fullmatch(text):
        text, negative = trailing[1], TRAILING
    token = _TOKEN.fullmatch(text)
    if token is None or (token["sign"] and (token["inner"] or negative)):
        return None
    return _Token(token["prefix"], token["number"], token["suffix"].strip(), bool(token["blank"]), negative)


def _several_units(tokens: Sequence[_Token]) -> list[str]:
    """Return the units and currencies of the column's numbers, where each of its affixes is one."""
    affixes = _by_frequency(
        affix for token in tokens for affix in (token.prefix, _split_multiplier(token.suffix)[1])
    )
    currencies = [affix for affix in affixes if _CURRENCY.fullmatch(affix)]
    units = [affix for affix in affixes if _UNIT.fullmatch(affix)]
    if len(currencies) > 1:
        return currencies
    return units if len(units) == len(affixes) and not _are_one_unit(units) else []


def _guess_affixes(tokens: Sequence[_Token]) -> dict[str, Any] | None:
    """Find prefixes, suffixes and units; None where the affixes are not a unit."""
    prefixes = _by_frequency(token.prefix for token in tokens)
    with_suffix = [token for token in tokens if token.suffix]
    prefix = {"prefix": prefixes[0] if len(prefixes) == 1 else prefixes} if prefixes else {}
    if not with_suffix:
        return prefix
    if units := _guess_units(tokens):
        return prefix | units
    suffixes = _by_frequency(token.suffix for token in with_suffix)
    words = [suffix for suffix in suffixes if suffix[0].isalpha()]
    if words and len({(token.number, token.suffix) for token in with_suffix}) < _FEWEST_WITH_WORDS:
        return None
    are_units = all(
        _UNIT.fullmatch(token.suffix)
        or (token.suffix[0].isalpha() and token.has_blank and token.suffix.split()[0] not in _ORDINALS)
        or _OWN_SUFFIX.match(token.suffix)
        for token in with_suffix
    )
    if not are_units or not _are_one_unit(suffixes):
        return None
    return {**prefix, "suffix": suffixes[0] if len(suffixes) == 1 else suffixes}


def _guess_units(tokens: Sequence[_Token]) -> dict[str, Any] | None:
    """Find letters that multiply, such as k and M, and what follows them; m alone is a meter or a minute, not a million."""
    split = [_split_multiplier(token.suffix) for token in tokens]
    found = {multiplier for multiplier, _ in split if multiplier}
    rests = _by_frequency(rest for _, rest in split)
    if not found or any(token.suffix and not unit for token, (unit, _) in zip(tokens, split, strict=True)):
        return None
    if len(rests) > 1 or any(not _CURRENCY.fullmatch(rest) and not _OWN_SUFFIX.match(rest) for rest in rests):
        return None
    units: dict[str, Any] = {unit: _MULTIPLIERS[unit] for unit in _MULTIPLIERS if unit in found}
    suffix = {"suffix": rests[0]} if rests else {}
    if all(token.suffix for token in tokens):
        return {"units": units, **suffix}
    return {"units": {NO_UNIT: 1, **units}, **suffix}


def _split_multiplier(suffix: str) -> tuple[str, str]:
    for unit in sorted(_MULTIPLIERS, key=len, reverse=True):
        rest = suffix.removeprefix(unit)
        if (
            rest != suffix
            and (not rest or not rest[0].isalpha() or _CURRENCY.fullmatch(rest.strip()))
            and not rest[:1].isdigit()
        ):
            return unit, rest.strip()
    return "", suffix


def _are_one_unit(suffixes: Sequence[str]) -> bool:
    """Return whether the suffixes are one, or spellings of one, such as year and years; a digit in it must not vary."""
    return len(suffixes) == 1 or (
        len(suffixes) <= _MOST_SPELLINGS
        and len({suffix.lower().removesuffix("s") for suffix in suffixes}) == 1
    )


def _guess_marks(
    tokens: Sequence[_Token], decimal: str, thousands: str | None, *, european: bool
) -> tuple[dict[str, Any], dict[str, Any] | None, str] | None:
    """Find thousands and decimal marks: the file's where they fit, else the only ones that fit, or the likeliest."""
    numbers = list(dict.fromkeys(token.number for token in tokens))
    own: Marks = (thousands, decimal)
    readings: list[tuple[Marks, list[Any]]] = []
    for marks in dict.fromkeys((own, *filter(lambda marks: _may_be(marks, own), _MARKS))):
        values = _values(numbers, marks)
        if values is not None and values not in [known for _, known in readings]:
            readings.append((marks, values))
    if not readings:
        return None
    # Of two readings with one decimal mark, the one that leaves more numbers unread lacks the grouping mark.
    fewest = {marks[1]: values.count(None) for marks, values in sorted(readings, key=_most_unread)}
    readings = [(marks, values) for marks, values in readings if values.count(None) == fewest[marks[1]]]
    fitting = [marks for marks, _ in readings]
    if len(fitting) == 1 or (own in fitting and thousands is not None):
        return _entry(fitting[0], own), None, ""
    grouped = next((marks for marks in fitting if marks[0]), fitting[0])
    decimals = next(marks for marks in fitting if marks != grouped)
    if _must_be_grouped(numbers, grouped[0] or ""):
        return _entry(grouped, own), None, ""
    chosen, other = (decimals, grouped) if european or decimals == own else (grouped, decimals)
    known = dict(readings)
    example, both = next(
        (number, values)
        for number, *values in zip(numbers, known[chosen], known[other], strict=True)
        if None not in values and values[0] != values[1]
    )
    return (
        _entry(chosen, own),
        _entry(other, own),
        f"{quoted(example)}, which may be {both[0]:g} or {both[1]:g}",
    )


def _most_unread(reading: tuple[Marks, list[Any]]) -> int:
    return -reading[1].count(None)


def _may_be(marks: Marks, own: Marks) -> bool:
    """Leave out marks that the file declares for the other purpose; the decimal point is always possible."""
    thousands, decimal = own
    return marks == _USUAL or (marks[1] != thousands and (decimal == "." or marks[0] != decimal))


def _values(numbers: Sequence[str], marks: Marks) -> list[Any] | None:
    """Read numbers by their marks; None where one cannot be."""
    import pyarrow as pa

    if marks[0] == marks[1]:
        return None
    values = NumberForm(thousands=marks[0], decimal=marks[1]).parse(pa.array(numbers)).to_pylist()
    return None if sum(value is None for value in values) > (1 - _NEARLY_ALL) * len(values) else values


def _must_be_grouped(numbers: Sequence[str], mark: str) -> bool:
    """Return whether a mark before three digits groups: decimals would not end in 0 where other numbers have none."""
    return any(number.isdigit() for number in numbers) and any(
        mark in number and number.endswith("0") for number in numbers
    )


def _entry(marks: Marks, own: Marks) -> dict[str, Any]:
    """Return marks as keys of `source.numbers`, where a column has its own two marks or the file's."""
    if marks == own:
        return {}
    thousands, decimal = marks
    return {
        **({"decimal": decimal} if decimal != "." or thousands is None else {}),
        **({"thousands": thousands} if thousands else {}),
    }


def _by_frequency(texts: Iterable[str]) -> list[str]:
    return [text for text, _ in Counter(text for text in texts if text).most_common()]
