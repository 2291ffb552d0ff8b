"""The root of every error that a user of Refinery can cause or meet."""

from __future__ import annotations


class RefineryError(Exception):
    """Something that the person who reads it can act on: what is wrong, where, and what to do.

    Attributes:
        retryable: Whether the same step may succeed when tried again with nothing changed, as after throttling.
            Operators fail a task at once where it is false.
    """

    retryable: bool = False
