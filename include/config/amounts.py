"""Amounts of bytes as people write them: 500M, 50G, 16Gi."""

from __future__ import annotations

import re

_BYTES_OF = {
    "Ti": 2**40,
    "T": 10**12,
    "Gi": 2**30,
    "G": 10**9,
    "Mi": 2**20,
    "M": 10**6,
    "Ki": 2**10,
    "k": 10**3,
}
_AMOUNT = re.compile(r"(?P<number>[1-9][0-9]{0,5})(?P<unit>k|Ki|[MGT]i?)")
AMOUNT_PATTERN = rf"^{_AMOUNT.pattern.replace('?P<number>', '').replace('?P<unit>', '')}$"


class InvalidAmountError(ValueError):
    """A text that is no amount of bytes."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'"{text}" is no amount of bytes; write a whole number and its unit, as 500M, 50G or 16Gi'
        )


def parse_amount(text: str) -> int:
    """Read an amount in bytes.

    Raises:
        InvalidAmountError: It is written otherwise.
    """
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise InvalidAmountError(text)
    return int(match["number"]) * _BYTES_OF[match["unit"]]


def format_amount(amount: int) -> str:
    """Write an amount in the largest unit that it is a whole number of, so that parse_amount reads it back."""
    unit = next((unit for unit, size in _BYTES_OF.items() if amount % size == 0), "")
    return f"{amount // _BYTES_OF.get(unit, 1)}{unit}"
