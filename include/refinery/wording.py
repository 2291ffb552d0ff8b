"""Wording that all messages share."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# More names than this hide the message they belong to.
_MAX_LISTED = 10
_COMMAND = "refinery"
# Set by the script of a checkout, whose Python sees another name.
_CALLED_AS_VARIABLE = "REFINERY_CALLED_AS"


def quoted(name: object) -> str:
    """Return a name or value in double quotes, with what a terminal or a log would act on as escapes."""
    return f'"{"".join(map(_escape, str(name)))}"'


def shown(value: object) -> str:
    """Return a value for a message: text in double quotes, anything else as Python writes it."""
    return quoted(value) if isinstance(value, str) else repr(value)


def listed(names: Iterable[object]) -> str:
    """Join names in quotes, and cut a long list; "none" for an empty one."""
    return list_names(map(quoted, names)) or "none"


def list_names(names: Iterable[str]) -> str:
    """Join names with commas, and cut a long list."""
    known = list(names)
    rest = len(known) - _MAX_LISTED
    shown = ", ".join(known[:_MAX_LISTED])
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def listed_with(facts: Mapping[str, str]) -> str:
    """Join names, each with a fact about it, and cut a long list."""
    shown = "; ".join(f"{quoted(name)} ({fact})" for name, fact in list(facts.items())[:_MAX_LISTED])
    return f"{shown}; and {len(facts) - _MAX_LISTED} more" if len(facts) > _MAX_LISTED else shown


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence: the known name that is nearest to a mistyped one, or a full stop."""
    near = nearest_name(name, known)
    return "." if near is None else f"; did you mean {quoted(near)}?"


def suggest_name(wrong: str, names: Iterable[str]) -> str:
    """Return the end of a sentence that offers the nearest of the names, or lists them: '; did you mean "module"?'."""
    known = sorted(names)
    if near := nearest_name(wrong, known):
        return f"; did you mean {quoted(near)}?"
    return f"; choose from {list_names(known)}" if known else ""


def nearest_name(wrong: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant; None where none is near."""
    by_folded = {name.strip().casefold(): name for name in names}
    near = get_close_matches(wrong.strip().casefold(), by_folded, n=1)
    return by_folded[near[0]] if near else None


def ending(exit_code: int) -> str:
    """Return how a process ended, as the predicate of a sentence; negative exit codes are signals."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"was ended by {name}" + (" (perhaps memory ran out)" if -exit_code == signal.SIGKILL else "")


def command_line(arguments: str) -> str:
    """Return a command for a person to run, which starts as this one did: "./refinery down" in a checkout.

    In a process that is not the command, such as a task, and where the PATH finds it, its name is enough.
    """
    called_as = os.environ.get(_CALLED_AS_VARIABLE) or sys.argv[0]
    if Path(called_as).name != _COMMAND or shutil.which(_COMMAND) == called_as:
        called_as = _COMMAND
    return f"{shlex.quote(called_as)} {arguments}"


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
