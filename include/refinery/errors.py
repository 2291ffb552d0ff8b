"""The base class of all errors that Refinery reports to its users."""

from __future__ import annotations


class RefineryError(Exception):
    """An error that its reader can act on: what is wrong, where, and what to do.

    Attributes:
        retryable: Whether the same step may succeed if retried without changes, for example after throttling. If not,
            operators fail the task immediately.
    """

    retryable: bool = False
