"""Read an unquoted YAML scalar, and refuse those that YAML's readers disagree about."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.config.text.node import Scalar

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_BOOLEANS_OF_OLD = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_NUMBER_BEGINS = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:.*")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?")
_LEADING_ZEROS = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?")
_BASES = re.compile(r"[-+]?0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)")
_CLOCK = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
# Python refuses to read longer ones, and nothing counts so far.
_MAX_DIGITS = 300


class ScalarTrapError(ValueError):
    """An unquoted scalar that does not mean what its writer sees."""


def read_scalar(text: str) -> Scalar:
    """Read an unquoted scalar as YAML 1.2 does; text is text, whatever older readers make of it.

    Raises:
        ScalarTrapError: YAML 1.1 and 1.2 give it different values; the message says what to write.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in _NUMBER_BEGINS:
        return _read_number(text)
    if boolean := _BOOLEANS_OF_OLD.get(text.lower()):
        raise ScalarTrapError(
            f'YAML may read {text} as {boolean}; write {boolean}, or "{text}" in quotes for text'
        )
    return text


def _read_number(text: str) -> Scalar:
    if len(text) > _MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _DATE.fullmatch(text):
        return _read_date(text)
    _refuse_traps(text)
    return text


def _read_date(text: str) -> Scalar:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ScalarTrapError(
            f'{text} is no day of the calendar; mend it, or write "{text}" in quotes for text'
        ) from None


def _refuse_traps(text: str) -> None:
    if _UNDERSCORES.fullmatch(text):
        reason, number = "YAML may drop the underscores", text.replace("_", "")
    elif _LEADING_ZEROS.fullmatch(text):
        reason, number = "YAML may read a leading zero as octal", re.sub(r"^([-+]?)0+(?=\d)", r"\1", text)
    elif _BASES.fullmatch(text):
        reason, number = "YAML's versions differ on number bases", str(int(text, 0))
    elif _CLOCK.fullmatch(text):
        raise ScalarTrapError(f'YAML may read {text} as a number to base 60; write "{text}" in quotes')
    elif _TIMESTAMP.fullmatch(text):
        raise ScalarTrapError(f'YAML may read {text} as a point in time; write "{text}" in quotes for text')
    else:
        return
    raise ScalarTrapError(f'{reason} in {text}; write {number}, or "{text}" in quotes for text')
