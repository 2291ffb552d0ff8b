"""Read a YAML text into a tree of nodes: no tags, no merges, bounded depth and size, every problem in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import yaml
from yaml import events

from include.config.text.node import Node, join_key
from include.config.text.scalars import ScalarTrapError, read_scalar
from include.config.text.source_file import Place
from include.config.text.syntax import BARE_TEMPLATE, explain_syntax_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.config.problems import Problem
    from include.config.text.source_file import Mark, SourceFile

# Far above what a config needs, far below what Python's stack takes.
_MAX_DEPTH = 40
# A thousand columns with their types is 2,000; a few nested aliases can be billions.
_MAX_VALUES = 100_000
# Longer keys are a value whose colon slipped.
_MAX_KEY_LENGTH = 200


def read_yaml(source: SourceFile, problems: list[Problem]) -> Node | None:
    """Read the one mapping that a config is.

    Args:
        source: The text.
        problems: Takes what is wrong.

    Returns:
        The mapping, or None where there is none to go on with.
    """
    try:
        root = _Reader(source, problems).read()
    except _UnreadableError as error:
        problems.append(error.problem)
        return None
    except yaml.YAMLError as error:
        problems.append(explain_syntax_error(source, error))
        return None
    if root is None or isinstance(root.value, dict):
        return root
    if root.value is None:
        return root.with_value({})
    what = "a list" if isinstance(root.value, list) else "a single value"
    message = f'is {what} at the top; a config is a mapping of keys, as "source: s3://bucket/file.csv"'
    problems.append(root.problem("not-a-mapping", (), message))
    return None


class _Event(Protocol):
    """What the C parser gives; which attributes are there depends on the kind."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    implicit: tuple[bool, bool]


class _UnreadableError(Exception):
    """A problem after which the rest of the text cannot be read."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class _Reader:
    """Builds nodes from the C parser's events: its own composer overflows the stack on deep nesting."""

    def __init__(self, source: SourceFile, problems: list[Problem]) -> None:
        self._source = source
        self._problems = problems
        self._path: list[str | int] = []
        self._anchors: dict[str, Node] = {}
        self._next = cast("Callable[[], _Event]", yaml.CSafeLoader(source.text).get_event)

    def read(self) -> Node | None:
        self._next()  # the stream's start
        event = self._next()
        if isinstance(event, events.StreamEndEvent):
            return None
        root = self._node(self._next(), 0)
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, events.StreamEndEvent):
            raise self._unreadable(
                event,
                "several-documents",
                'a second document begins here; a file holds one config, so remove the "---"',
            )
        return root

    def _node(self, event: _Event, depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        self._refuse_tag(event)
        if isinstance(event, events.ScalarEvent):
            node = self._scalar(event)
        elif depth >= _MAX_DEPTH:
            raise self._unreadable(event, "too-deep", f"is nested more than {_MAX_DEPTH} levels deep")
        elif isinstance(event, events.MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            node = self._sequence(event, depth)
        if node.size > _MAX_VALUES:
            raise self._unreadable(
                event,
                "too-many-values",
                f"holds more than {_MAX_VALUES:,} values, aliases written out; a config is a page of text",
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: _Event) -> Node:
        node = Node(event.value, self._source, event.start_mark, event.end_mark)
        # A secret was reported with the text, and no other message may quote it.
        node.is_broken = bool(self._source.secrets) and any(
            one in event.value for one in self._source.secrets
        )
        if event.implicit[0]:
            try:
                node.value = read_scalar(event.value)
            except ScalarTrapError as trap:
                self._report(event, "ambiguous-value", str(trap))
                node.is_broken = True
        return node

    def _sequence(self, start: _Event, depth: int) -> Node:
        items: list[Node] = []
        size = 1
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            self._path.append(len(items))
            item = self._node(event, depth + 1)
            self._path.pop()
            items.append(item)
            size += item.size
        return Node(items, self._source, start.start_mark, event.end_mark, size)

    def _mapping(self, start: _Event, depth: int) -> Node:
        entries: dict[str, Node] = {}
        size = 1
        while not isinstance(event := self._next(), events.MappingEndEvent):
            key = self._key(event)
            self._path.append(key)
            value = self._node(self._next(), depth + 1)
            self._path.pop()
            value.key_start, value.key_end = event.start_mark, event.end_mark
            size += value.size
            if key in entries:
                first = cast("Mark", entries[key].key_start)
                self._report(
                    event,
                    "duplicate-key",
                    f'"{key}" stands here a second time; the first is on line {first.line + 1}',
                )
                continue
            entries[key] = value
        return Node(entries, self._source, start.start_mark, event.end_mark, size)

    def _key(self, event: _Event) -> str:
        if not isinstance(event, events.ScalarEvent):
            raise self._bad_key(event)
        self._refuse_tag(event)
        if event.value == "<<" and event.implicit[0]:
            self._report(
                event, "merge-key", "merge keys (<<) are not read; put what pipelines share into defaults.yml"
            )
        elif not event.value:
            self._report(event, "bad-key", 'a key is missing before the ":"')
        elif len(event.value) > _MAX_KEY_LENGTH:
            self._report(event, "bad-key", f"a key of more than {_MAX_KEY_LENGTH} characters")
        return str(event.value)

    def _alias(self, event: _Event) -> Node:
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            message = f'"*{event.anchor}" refers to nothing above it; for a text that begins with * put it in quotes'
            raise self._unreadable(event, "unknown-alias", message)
        node = anchored.with_value(anchored.value)
        node.start, node.end = event.start_mark, event.end_mark
        node.key_start = node.key_end = None
        return node

    def _bad_key(self, event: _Event) -> _UnreadableError:
        line, number = self._source.line(event.start_mark.line), event.start_mark.line
        template = line.find("{{")
        if template < 0:
            return self._unreadable(event, "bad-key", "a key must be plain text")
        start, end = Place(number, template), Place(number, template + 2)
        problem = self._source.problem("syntax", BARE_TEMPLATE, start, end, key=join_key(self._path))
        return _UnreadableError(problem)

    def _refuse_tag(self, event: _Event) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._report(event, "tag", f'the tag "{tag}" is not allowed; a config holds plain values only')

    def _report(self, event: _Event, code: str, message: str) -> None:
        self._problems.append(self._problem(event, code, message))

    def _problem(self, event: _Event, code: str, message: str) -> Problem:
        return self._source.problem(code, message, event.start_mark, event.end_mark, key=join_key(self._path))

    def _unreadable(self, event: _Event, code: str, message: str) -> _UnreadableError:
        return _UnreadableError(self._problem(event, code, message))
