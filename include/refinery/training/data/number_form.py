"""The form in which a column writes its numbers, and how texts of that form are read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PARENTHESES, TRAILING = "parentheses", "trailing"
# The unit of a number without one; a key in YAML may not be empty.
NO_UNIT = "none"
# The blanks that programs put between digits: space, no-break, narrow no-break, thin and others.
BLANKS = " \t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# Zero-width characters, marks of the writing direction, and the byte order mark.
_INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_MINUSES = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"
_OTHER_SIGNS = {"\uff0b": "+", "\uff0e": ".", "\uff0c": ",", "\uff05": "%", "\u2019": "'", "\u02bc": "'"}


class _Plainer(dict[int, str | None]):
    """A table for `str.translate` that also turns the digits of any script into 0 to 9."""

    def __missing__(self, code: int) -> str:
        digit = unicodedata.decimal(chr(code), None)
        self[code] = chr(code) if digit is None else str(digit)
        return self[code] or ""


_PLAINER = _Plainer(
    {
        **{ord(blank): " " for blank in BLANKS},
        **dict.fromkeys(map(ord, _INVISIBLE)),
        **{ord(minus): "-" for minus in _MINUSES},
        **{ord(sign): plain for sign, plain in _OTHER_SIGNS.items()},
    }
)


@dataclass(frozen=True, kw_only=True)
class NumberForm:
    """How a column writes its numbers.

    Blanks of any kind around a number and its parts, zero-width characters, a minus or a dash before the number and the
    digits of any script need not be named.

    Attributes:
        decimal: The decimal mark.
        thousands: The mark between groups of digits, three each or as in India; None takes no groups. A blank stands
            for blanks of any kind.
        prefix: Texts that may stand before the number.
        suffix: Texts that may stand after the number. They change no value: "12%" is 12.
        units: What a number is multiplied by, by the unit after it. A number needs one of them; "none" stands for
            no unit.
        negative: How negative numbers are written besides a minus before them: "parentheses" for (3), "trailing" for 3-.
    """

    decimal: str = "."
    thousands: str | None = None
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    units: Mapping[str, float] = field(default_factory=dict)
    negative: str | None = None

    @classmethod
    def from_dict(cls, form: Mapping[str, Any], *, decimal: str, thousands: str | None) -> NumberForm:
        """Read a column's entry of `source.numbers`.

        Args:
            form: The entry.
            decimal: The decimal mark of the whole file.
            thousands: The thousands mark of the whole file; an entry with its own marks uses only those.
        """
        marks = {} if {"decimal", "thousands"} & set(form) else {"decimal": decimal, "thousands": thousands}
        return cls(**{**marks, **form, "prefix": _texts(form, "prefix"), "suffix": _texts(form, "suffix")})

    def parse(self, texts: Any) -> Any:
        """Read an array of texts.

        Args:
            texts: A pyarrow array or chunked array of strings.

        Returns:
            A pyarrow array of numbers, whole ones where all are; null where a text is missing or not of this form.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        texts = _plain(texts.cast(pa.large_string()))
        for pattern, replacement in self._rewritings:
            texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=replacement)
        parts = pc.extract_regex(texts, pattern=self._pattern)
        sign, inner, digits, unit = parts.flatten()
        is_twice_signed = pc.and_(pc.not_equal(sign, ""), pc.not_equal(inner, ""))
        is_negative = pc.or_(pc.equal(sign, "-"), pc.equal(inner, "-"))
        if self.thousands:
            digits = pc.replace_substring_regex(
                digits, pattern=f"[{_as_class(self.thousands)}]", replacement=""
            )
        if self.decimal != ".":
            digits = pc.replace_substring(digits, pattern=plain_text(self.decimal), replacement=".")
        digits = pc.if_else(
            is_negative, pc.replace_substring_regex(digits, pattern="^", replacement="-"), digits
        )
        digits = pc.if_else(is_twice_signed, None, digits)
        return self._scaled(digits, unit) if self.units else _as_numbers(digits)

    def _scaled(self, digits: Any, unit: Any) -> Any:
        """Multiply exactly: 1.005k is 1005, which floats would miss."""
        import pyarrow as pa

        factors = {plain_text(name).strip(): Decimal(str(factor)) for name, factor in self.units.items()}
        pairs = zip(digits.to_pylist(), unit.to_pylist(), strict=True)
        scaled = [
            None if number is None else float(Decimal(number) * factors[name or NO_UNIT])
            for number, name in pairs
        ]
        return pa.array(scaled, pa.float64())

    @cached_property
    def _rewritings(self) -> list[tuple[str, str]]:
        """Patterns that move the sign of this form's negative numbers to a minus before them."""
        if self.negative == PARENTHESES:
            prefix, suffix = _choice(self.prefix), _choice(self.suffix)
            return [(rf"^ *({prefix}) *\( *([^()]*?) *\) *({suffix}) *$", r"-\1 \2 \3")]
        if self.negative == TRAILING:
            return [("^ *(.*?) *- *$", r"-\1")]
        return []

    @cached_property
    def _pattern(self) -> str:
        decimal, whole = re.escape(plain_text(self.decimal)), "[0-9]+"
        if self.thousands:
            mark = f"[{_as_class(self.thousands)}]"
            three, indian = (
                rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+",
                rf"[1-9][0-9]?(?:{mark}[0-9]{{2}})+{mark}[0-9]{{3}}",
            )
            whole = f"(?:{three}|{indian}|[0-9]+)"
        has_fractions = self.decimal != self.thousands
        digits = rf"(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)" if has_fractions else whole
        number = rf"{digits}(?:[eE][-+]?[0-9]+)?|(?i:inf|infinity)"
        units = _choice(
            [unit for unit in self.units if unit != NO_UNIT], optional=not self.units or NO_UNIT in self.units
        )
        prefix, suffix = _choice(self.prefix), _choice(self.suffix)
        return rf"^ *(?P<sign>[-+]?) *{prefix} *(?P<inner>[-+]?) *(?P<digits>{number}) *(?P<unit>{units}) *{suffix} *$"


def _texts(form: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given: str | Sequence[str] = form.get(name) or ()
    return (given,) if isinstance(given, str) else tuple(given)


def _plain(texts: Any) -> Any:
    """Replace Unicode variants by ASCII; most columns need no look at each value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pc.all(pc.string_is_ascii(texts)).as_py() in (True, None):
        return texts
    return pa.array(
        [None if text is None else plain_text(text) for text in texts.to_pylist()], pa.large_string()
    )


def plain_text(text: str) -> str:
    """Replace blanks, minuses, digits and signs of any script by ASCII, and leave out invisible characters."""
    return text.translate(_PLAINER)


def _as_class(mark: str) -> str:
    return re.escape(plain_text(mark))


def _choice(texts: Sequence[str], *, optional: bool = True) -> str:
    longest_first = sorted((plain_text(text).strip() for text in texts), key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))}){'?' if optional else ''}"


def _as_numbers(digits: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(digits, pa.int64())
    except pa.ArrowInvalid:  # a fraction, an exponent, or more than 64 bits
        return pc.cast(digits, pa.float64())
