"""Keep a page below a size: leave out whole entries, those of the longest section first, and say what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refinery.review.formats.escaping import code, shorten
from refinery.review.formats.wording import count
from refinery.wording import list_names

if TYPE_CHECKING:
    from collections.abc import Sequence

# For the note of what was left out.
_ROOM_FOR_NOTE = 2_500
_LONGEST_NAME = 60
# Around a section.
_BREAKS = "\n\n\n"


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the page.

    Attributes:
        thing: What an entry is, such as "high risk".
        entries: The entries; without any, the section is not shown.
        opening: What stands before them.
        bullet: What begins each entry.
        between: What stands between two entries.
        closing: What stands after them.
        gives_way: Whether the others get their room first.
        names: The name of each entry, where the note names those that were left out.
    """

    thing: str
    entries: tuple[str, ...]
    opening: str
    bullet: str = ""
    between: str = "\n"
    closing: str = ""
    gives_way: bool = False
    names: tuple[str, ...] = ()

    def write(self) -> str:
        """Write the whole section."""
        entries = self.between.join(f"{self.bullet}{entry}" for entry in self.entries)
        return f"{self.opening}\n{entries}{self.closing}"


def fit(head: str, sections: Sequence[Passage], limit: int) -> str:
    """Write a page of less than `limit` bytes.

    Args:
        head: What stands first, and is never cut.
        sections: What follows, in this order.
        limit: The size to stay below, in bytes of UTF-8.
    """
    shown = [section for section in sections if section.entries]
    whole = _page(head, shown)
    if _size(whole) < limit:
        return whole
    kept = _cut(shown, limit - _size(head) - _ROOM_FOR_NOTE)
    return _page(
        head, [one for one in kept if one.entries], _note_left_out(list(zip(shown, kept, strict=True)))
    )


def _page(head: str, sections: Sequence[Passage], note: str = "") -> str:
    parts = [head, *(section.write() for section in sections), *([note] if note else [])]
    return "\n\n".join(parts) + "\n"


def _cut(sections: Sequence[Passage], room: int) -> list[Passage]:
    """Give each section at most half of what those before it left; the one that gives way gets all of the rest."""
    kept = list(sections)
    order = sorted(range(len(sections)), key=lambda index: sections[index].gives_way)
    for index in order:
        kept[index] = _cut_section(sections[index], room if index == order[-1] else room // 2)
        room -= _size(kept[index].write()) if kept[index].entries else 0
    return kept


def _cut_section(section: Passage, room: int) -> Passage:
    """Keep the first entries that fit."""
    room -= _size(section.opening + section.closing + _BREAKS)
    entries = []
    for entry in section.entries:
        room -= _size(section.bullet + entry + section.between)
        if room < 0:
            break
        entries.append(entry)
    return replace(section, entries=tuple(entries))


def _note_left_out(pairs: Sequence[tuple[Passage, Passage]]) -> str:
    lines = [
        _left_out(whole, len(kept.entries)) for whole, kept in pairs if len(kept.entries) < len(whole.entries)
    ]
    return "\n".join(
        [
            "**Not shown, since this would be too long for one comment:**",
            "",
            *lines,
            "",
            "All of it: `refinery plan --format text`",
        ]
    )


def _left_out(section: Passage, kept: int) -> str:
    number = count(len(section.entries) - kept, section.thing)
    names = list_names(code(shorten(name, _LONGEST_NAME)) for name in section.names[kept:])
    return f"- {number}{f': {names}' if names else ''}"


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogatepass"))
