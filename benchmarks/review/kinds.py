"""What a rule says of the change that it makes, and kinds of changes as the table lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.review.draft import Draft

Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a plan must say of a bad change.

    An error of the configs says more than any risk: nobody can merge it unseen.

    Attributes:
        severities: The right severities; empty where only an error will do.
        codes: The codes of docs/risks.md, of which one is enough; empty where the documentation names none.
        names: Configs or folders, of which one must be named.
    """

    severities: tuple[Severity, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]

    def __str__(self) -> str:
        wanted = " or ".join(self.severities) or "an error"
        return f"{wanted}{f' ({chr(44).join(self.codes)})' if self.codes else ''} at {', '.join(self.names)}"


def high(code: str, *names: str) -> Finding:
    """Ask for a high risk with its code."""
    return Finding(("high",), (code,), names)


def medium(code: str, *names: str) -> Finding:
    """Ask for a medium risk with its code."""
    return Finding(("medium",), (code,), names)


def low(code: str, *names: str) -> Finding:
    """Ask for a low risk with its code."""
    return Finding(("low",), (code,), names)


def serious(*names: str) -> Finding:
    """Ask for any risk of at least medium severity, where the documentation names no code."""
    return Finding(("high", "medium"), (), names)


def noted(*names: str) -> Finding:
    """Ask for any risk, where the documentation names no code."""
    return Finding(("high", "medium", "low"), (), names)


def error(*names: str) -> Finding:
    """Ask for an error of the configs."""
    return Finding((), (), names)


@dataclass(frozen=True, slots=True)
class Kind:
    """Rules of one subject, which take turns.

    Attributes:
        name: The subject.
        rules: Each makes a change, and returns what a plan must say of it; None where it must stay calm.
        changes: How many changes there are.
        is_bad: Whether the rules make bad changes.
    """

    name: str
    rules: tuple[Callable[[Draft], Finding | None], ...]
    changes: int
    is_bad: bool

    def rule(self, number: int) -> Callable[[Draft], Finding | None]:
        """Return the rule whose turn a change is."""
        return self.rules[number % len(self.rules)]


def bad(name: str, *rules: Callable[[Draft], Finding]) -> Kind:
    """Return a kind of eight bad changes."""
    return Kind(name, rules, 8, is_bad=True)


def harmless(name: str, *rules: Callable[[Draft], None]) -> Kind:
    """Return a kind of ten harmless changes."""
    return Kind(name, rules, 10, is_bad=False)
