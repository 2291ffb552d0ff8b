"""Read a YAML text into a tree of nodes: no tags, no merge keys, limited depth and size, all problems in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import yaml
from yaml import events

from refinery.config.yaml.node import Node, join_key
from refinery.config.yaml.scalars import ScalarTrapError, read_key, read_scalar
from refinery.config.yaml.secret_nodes import find_secret_nodes
from refinery.config.yaml.secrets import MESSAGE
from refinery.config.yaml.source_file import Place
from refinery.config.yaml.syntax import BARE_TEMPLATE, explain_syntax_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from refinery.config.problems import Problem
    from refinery.config.yaml.source_file import Mark, SourceFile

# Far more than a config needs, far less than Python's stack allows.
_MAX_DEPTH = 40
# A thousand columns with their types is 2,000; a few nested aliases can be billions.
_MAX_VALUES = 100_000
# Aliases repeat a few values; more than these are not a page of text.
_MAX_ALIASED_VALUES = 10_000
# Longer keys are values with a misplaced colon.
_MAX_KEY_LENGTH = 200


def read_yaml(source: SourceFile, problems: list[Problem]) -> Node | None:
    """Read the one mapping that a config is.

    Args:
        source: The text.
        problems: Collects what is wrong.

    Returns:
        The mapping, or None if there is none to continue with.
    """
    found: list[Problem] = []
    root = _read_root(source, found)
    secret = _report_secrets(root, source) if root else []
    problems += secret
    problems += [source.without_secrets(problem) for problem in found] if secret else found
    if root is None or isinstance(root.value, dict):
        return root
    if root.value is None:
        return root.with_value({})
    what = "a list" if isinstance(root.value, list) else "a single value"
    message = (
        f'is {what} at the top level; a config is a mapping of keys, such as "source: s3://bucket/file.csv"'
    )
    problems.append(root.problem("not-a-mapping", (), message))
    return None


def _read_root(source: SourceFile, problems: list[Problem]) -> Node | None:
    try:
        return _Reader(source, problems).read()
    except _UnreadableError as error:
        problems.append(error.problem)
    except yaml.YAMLError as error:
        problems.append(explain_syntax_error(source, error))
    return None


def _report_secrets(root: Node, source: SourceFile) -> list[Problem]:
    """Report the secrets that only the parsed text reveals, and mark their values so that no other check quotes them."""
    reported = []
    for path, node in find_secret_nodes(root):
        begin, end = (cast("yaml.Mark", mark).index for mark in (node.start, node.end))
        source.hide(str(node.value), begin, end)
        node.is_broken = True
        if not any(begin < last and first < end for first, last in source.secret_spans):
            reported.append((path, node))
    return [node.problem("secret", path, MESSAGE) for path, node in reported]


class _Event(Protocol):
    """An event of the C parser; its kind decides which attributes exist."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    implicit: tuple[bool, bool]


class _UnreadableError(Exception):
    """The rest of the text cannot be read after a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class _Reader:
    """Builds nodes from the C parser's events, since its composer overflows the stack on deep nesting."""

    def __init__(self, source: SourceFile, problems: list[Problem]) -> None:
        self._source = source
        self._problems = problems
        self._path: list[str | int] = []
        self._anchors: dict[str, Node] = {}
        self._aliased_values = 0
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
                'a second document begins here; a file contains one config, so remove the "---"',
            )
        return root

    def _node(self, event: _Event, depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        self._refuse_tag(event)
        if isinstance(event, events.ScalarEvent):
            node = self._scalar(event)
        elif depth >= _MAX_DEPTH:
            raise self._unreadable(
                event, "too-deep", f"is nested more than {_MAX_DEPTH} levels deep; flatten it"
            )
        elif isinstance(event, events.MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            node = self._sequence(event, depth)
        if node.size > _MAX_VALUES:
            raise self._unreadable(
                event,
                "too-many-values",
                f"contains more than {_MAX_VALUES:,} values, counting expanded aliases; shorten it, since a config is a page of text",
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: _Event) -> Node:
        node = Node(event.value, self._source, event.start_mark, event.end_mark)
        # The secret is already reported, and no other message may quote it.
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
                    f'duplicate key "{key}"; the first is on line {first.line + 1}, so remove one of them',
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
                event,
                "merge-key",
                "merge keys (<<) are not supported; move what pipelines share to defaults.yml",
            )
        elif not event.value:
            self._report(event, "bad-key", 'the key before ":" is missing')
        elif len(event.value) > _MAX_KEY_LENGTH:
            self._report(
                event,
                "bad-key",
                f"this key has more than {_MAX_KEY_LENGTH} characters; is a colon misplaced?",
            )
        return read_key(event.value) if event.implicit[0] else str(event.value)

    def _alias(self, event: _Event) -> Node:
        anchored = self._anchors.get(event.anchor or "")
        if anchored is None:
            message = f'no anchor "&{event.anchor}" comes before this alias; for a text that begins with "*", put it in quotes'
            raise self._unreadable(event, "unknown-alias", message)
        self._aliased_values += anchored.size
        if self._aliased_values > _MAX_ALIASED_VALUES:
            message = f"aliases up to here expand to more than {_MAX_ALIASED_VALUES:,} values; move what pipelines share to defaults.yml"
            raise self._unreadable(event, "too-many-values", message)
        node = anchored.with_value(anchored.value)
        node.start, node.end = event.start_mark, event.end_mark
        node.key_start = node.key_end = None
        return node

    def _bad_key(self, event: _Event) -> _UnreadableError:
        line, number = self._source.line(event.start_mark.line), event.start_mark.line
        template = line.find("{{")
        if template < 0:
            return self._unreadable(event, "bad-key", "a key must be plain text, not a list or a mapping")
        start, end = Place(number, template), Place(number, template + 2)
        problem = self._source.problem("syntax", BARE_TEMPLATE, start, end, key=join_key(self._path))
        return _UnreadableError(problem)

    def _refuse_tag(self, event: _Event) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._report(
                event,
                "tag",
                f'the tag "{tag}" is not allowed; remove it, since a config contains plain values only',
            )

    def _report(self, event: _Event, code: str, message: str) -> None:
        self._problems.append(self._problem(event, code, message))

    def _problem(self, event: _Event, code: str, message: str) -> Problem:
        return self._source.problem(code, message, event.start_mark, event.end_mark, key=join_key(self._path))

    def _unreadable(self, event: _Event, code: str, message: str) -> _UnreadableError:
        return _UnreadableError(self._problem(event, code, message))
