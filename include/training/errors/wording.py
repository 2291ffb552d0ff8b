"""Wording that the messages share."""

from __future__ import annotations

import signal
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# More names than this hide the message they belong to.
_MAX_LISTED = 10


def listed(names: Iterable[object]) -> str:
    """Join names for a message, cut to a length that a log line can carry."""
    quoted = [repr(str(name)) for name in names]
    rest = len(quoted) - _MAX_LISTED
    shown = ", ".join(quoted[:_MAX_LISTED])
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Name the known name that is nearest to a mistyped one, as the end of a sentence, or just end it."""
    near = nearest(name, known)
    return "." if near is None else f"; did you mean {near!r}?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that is nearest to a mistyped one; None where none is near."""
    by_lowered = {candidate.strip().lower(): candidate for candidate in known}
    near = get_close_matches(name.strip().lower(), by_lowered, n=1)
    return by_lowered[near[0]] if near else None


def listed_with(facts: Mapping[str, str]) -> str:
    """Join names and what is to be said of each, cut as `listed` cuts."""
    shown = "; ".join(f"{name!r} ({fact})" for name, fact in list(facts.items())[:_MAX_LISTED])
    return f"{shown}; and {len(facts) - _MAX_LISTED} more" if len(facts) > _MAX_LISTED else shown


def ending(exit_code: int) -> str:
    """Say how a process ended, as the predicate of a sentence; negative exit codes are signals."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"was ended by {name}" + (" (perhaps memory ran out)" if -exit_code == signal.SIGKILL else "")
