"""Read an unquoted YAML scalar, and refuse those that YAML readers interpret differently."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refinery.config.yaml.node import Scalar

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
# Python refuses longer ones, and no quantity needs them.
_MAX_DIGITS = 300


class ScalarTrapError(ValueError):
    """An unquoted scalar does not mean what it seems to."""


def read_scalar(text: str) -> Scalar:
    """Read an unquoted scalar as YAML 1.2 does.

    Raises:
        ScalarTrapError: YAML 1.1 and 1.2 read it differently; the message says what to write.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in _NUMBER_BEGINS:
        return _read_number(text)
    if boolean := _BOOLEANS_OF_OLD.get(text.lower()):
        raise ScalarTrapError(
            f'YAML may read {text} as {boolean}; write {boolean}, or for text "{text}" in quotes'
        )
    return text


class ScalarKey(str):
    """An unquoted key that YAML does not read as text; only a model's params distinguish it.

    Attributes:
        scalar: The value that YAML reads.
        trap: Why it should be quoted; empty if YAML's versions agree on it.
    """

    __slots__ = ("scalar", "trap")

    scalar: Scalar
    trap: str


def read_key(text: str) -> str:
    """Read an unquoted key: a text that remembers its scalar if that is not the text itself."""
    try:
        scalar, trap = (read_scalar(text) if text else text), ""
    except ScalarTrapError as error:
        scalar, trap = text, str(error)
    if scalar == text and not trap:
        return text
    key = ScalarKey(text)
    key.scalar, key.trap = scalar, trap
    return key


def with_scalar_keys(value: Any) -> Any:
    """Return a plain value whose mappings have the keys that YAML reads: {0: 1} maps a number, {"0": 1} a text."""
    if isinstance(value, dict):
        return {
            key.scalar if isinstance(key, ScalarKey) else key: with_scalar_keys(item)
            for key, item in value.items()
        }
    return [with_scalar_keys(item) for item in value] if isinstance(value, list) else value


def _read_number(text: str) -> Scalar:
    if len(text) > _MAX_DIGITS:
        _refuse_long_number(text)
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return _read_float(text)
    if _DATE.fullmatch(text):
        return _read_date(text)
    _refuse_traps(text)
    return text


def _refuse_long_number(text: str) -> None:
    if re.fullmatch(r"[-+.0-9eE_]+", text):
        raise ScalarTrapError(
            f"this number of {len(text):,} characters is too long; for text, put it in quotes"
        )


def _read_float(text: str) -> float:
    number = float(text)
    if number == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise ScalarTrapError(
            f'{text} is so small that it is read as 0; write 0, or for text "{text}" in quotes'
        )
    return number


def _read_date(text: str) -> Scalar:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ScalarTrapError(
            f'{text} is not a calendar date; correct it, or for text write "{text}" in quotes'
        ) from None


def _refuse_traps(text: str) -> None:
    if _UNDERSCORES.fullmatch(text):
        reason, number = "YAML may drop the underscores", text.replace("_", "")
    elif _LEADING_ZEROS.fullmatch(text):
        reason, number = "YAML may read a leading zero as octal", re.sub(r"^([-+]?)0+(?=\d)", r"\1", text)
    elif _BASES.fullmatch(text):
        reason, number = "YAML's versions differ on number bases", str(int(text, 0))
    elif _CLOCK.fullmatch(text):
        raise ScalarTrapError(f'YAML may read {text} as a base-60 number; write "{text}" in quotes')
    elif _TIMESTAMP.fullmatch(text):
        raise ScalarTrapError(f'YAML may read {text} as a timestamp; for text, write "{text}" in quotes')
    else:
        return
    raise ScalarTrapError(f'{reason} in {text}; write {number}, or for text "{text}" in quotes')
