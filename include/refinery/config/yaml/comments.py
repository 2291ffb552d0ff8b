"""Find the comments of a YAML text: what follows a "#" outside of texts and blocks."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

import yaml

from refinery.config.yaml.source_file import LINE_BREAK

_MARK = re.compile(r"(?:^|(?<=[ \t\n\r\x85\u2028\u2029]))#")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment.

    Attributes:
        line: Its line, counted from 1.
        text: What follows the "#", stripped.
    """

    line: int
    text: str


def find_comments(text: str) -> tuple[Comment, ...]:
    """Return the comments of a text in order; none if it is not YAML, since comments and values cannot be distinguished then."""
    try:
        scalars = _find_scalars(text)
    except yaml.YAMLError:
        return ()
    comments = []
    begin = 0
    while mark := _MARK.search(text, begin):
        inside = bisect_right(scalars, (mark.start(), len(text))) - 1
        if inside >= 0 and mark.start() < scalars[inside][1]:
            begin = scalars[inside][1]
            continue
        line_end = LINE_BREAK.search(text, mark.end())
        begin = line_end.start() if line_end else len(text)
        number = len(LINE_BREAK.findall(text, 0, mark.start())) + 1
        comments.append(Comment(number, text[mark.end() : begin].strip()))
    return tuple(comments)


def _find_scalars(text: str) -> list[tuple[int, int]]:
    """Return the start and end of each key and value."""
    return [
        (event.start_mark.index, event.end_mark.index)
        for event in yaml.parse(text, yaml.CSafeLoader)
        if isinstance(event, yaml.ScalarEvent) and event.start_mark and event.end_mark
    ]
