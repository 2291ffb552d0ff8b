"""What can keep the card from saying something."""

from __future__ import annotations

from include.errors import RefineryError


class CardError(RefineryError):
    """The root of the card's errors."""


class NotMeasuredError(CardError):
    """Something of the model could not be measured; the card says so in its place.

    Attributes:
        reason: A clause that tells why.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"It was not measured: {reason}.")
