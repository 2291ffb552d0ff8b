"""The parts of a plan's page, for both the terminal and Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from refinery.config import Problem
    from refinery.review.plan import Follower, Graph, Severity, TrialRun, ValueChange


@dataclass(frozen=True, slots=True)
class Code:
    """A name, a path or a value, on its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names in a row, cut where there are many."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words among which names and values of configs may stand."""

    text: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A value before and after."""

    change: ValueChange


# A text that is none of these is Refinery's own words.
Span = str | Code | Names | Sentence | Changed
Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """The values that change in a pipeline, whose config is at the path, and the environments where only they do."""

    path: str
    changes: tuple[ValueChange, ...]
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines below a title.

    Attributes:
        title: The title; empty for none.
        lines: Each with its sign: "+", "-", "~", or nothing.
        form: Whether they are a difference, texts to copy, or sentences.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    form: Literal["diff", "verbatim", "sentences"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Tasks and edges before and after, as a picture where there can be one."""

    before: Graph
    after: Graph


@dataclass(frozen=True, slots=True)
class Measured:
    """Two trainings beside each other."""

    before: TrialRun | None
    after: TrialRun


Block = Values | Lines | Shape | Measured


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a section tells.

    Attributes:
        lead: Its first line.
        sign: A sign before it at a terminal, which also gives the color.
        more: Further lines.
        blocks: What belongs to it, and may be folded.
        name: What it is of, for a note that it was left out.
        problem: The problem that it reports, which a terminal shows with its source line.
    """

    lead: Line
    sign: str = ""
    more: tuple[Line, ...] = ()
    blocks: tuple[Block, ...] = ()
    name: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        thing: What an entry is, such as "high risk".
        entries: Its entries; without any, the section is not shown.
        severity: How bad it is that there are entries; None where it is not bad.
        form: Whether entries are a list, stand one below the other, or are folded each.
        is_folded: Whether the whole section is folded.
        gives_way: Whether the others get their room first.
        drawn: What is drawn below the entries, where there can be a picture.
    """

    title: Line
    thing: str
    entries: tuple[Entry, ...]
    severity: Severity | None = None
    form: Literal["list", "blocks", "folds"] = "list"
    is_folded: bool = False
    gives_way: bool = False
    drawn: tuple[Follower, ...] = ()
