"""Say in plain words what libyaml could not parse, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from include.config.text.source_file import Mark, Place

if TYPE_CHECKING:
    from include.config.problems import Problem
    from include.config.text.source_file import SourceFile

_TEMPLATE = 'an unquoted "{{" begins a YAML mapping; put the whole value in quotes'


class _Case(NamedTuple):
    """How one kind of libyaml's complaints is told.

    Attributes:
        context: What its context says.
        problem: What it says of the place itself.
        message: Our words for both.
        at_context: Whether the place to mend is where the construct began.
    """

    context: str
    problem: str
    message: str
    at_context: bool = False


# The first that fits is told.
_CASES = (
    _Case(
        "quoted scalar",
        "unexpected end of stream",
        "the quote that begins here is never closed",
        at_context=True,
    ),
    _Case(
        "quoted scalar",
        "unexpected document indicator",
        "the quote that begins here is never closed",
        at_context=True,
    ),
    _Case(
        "double-quoted scalar",
        "escape",
        "a backslash in double quotes begins an escape; write \\\\ or use single quotes",
    ),
    _Case(
        "double-quoted scalar",
        "hexdecimal",
        "an escape here lacks its hexadecimal digits; use single quotes to keep backslashes as they are",
    ),
    _Case(
        "double-quoted scalar",
        "invalid Unicode",
        "this escape names no character; use single quotes to keep backslashes as they are",
    ),
    _Case("flow sequence", "", 'the list that begins here lacks a "," or its closing "]"', at_context=True),
    _Case("flow mapping", "", 'the mapping that begins here lacks a "," or its closing "}"', at_context=True),
    _Case("flow node", "", "a value is missing here, or a bracket was opened and not closed"),
    _Case("anchor", "", "a text that begins with & must stand in quotes"),
    _Case("alias", "", "a text that begins with * must stand in quotes"),
    _Case("tag", "", "tags (!) are not allowed, and a text that begins with ! must stand in quotes"),
    _Case(
        "node",
        "undefined tag",
        "tags (!) are not allowed, and a text that begins with ! must stand in quotes",
    ),
    _Case(
        "simple key",
        "",
        'a ":" is missing after this key, or a quote or bracket before it was not closed',
        at_context=True,
    ),
    _Case("block scalar", "", "the text below | or > must be indented evenly, with spaces"),
    _Case(
        "directive", "", "a line that begins with % is a YAML directive; put the text in quotes or remove it"
    ),
    _Case("block collection", "", "this line's indentation fits no line above it"),
    _Case(
        "block mapping",
        "did not find expected key",
        "a key is expected here: this line's indentation, or an unquoted text above it, is wrong",
    ),
    _Case(
        "", "mapping values are not allowed", 'a ": " inside an unquoted text; put the whole value in quotes'
    ),
    _Case(
        "",
        "block sequence entries are not allowed",
        'a "- " is not allowed here; begin the list on its own line',
    ),
    _Case("", "mapping keys are not allowed", 'a "? " is not allowed here; put the text in quotes'),
    _Case("", "document start", "the text goes on after its end; is this line's indentation right?"),
    _Case("", "control characters are not allowed", "a control character is not allowed here; remove it"),
)
_FALLBACK = "this is not valid YAML; check the quotes, brackets and indentation here and on the line above"
_TAB = re.compile(r"[ ]*(?P<tab>\t)")


def explain_syntax_error(source: SourceFile, error: yaml.YAMLError) -> Problem:
    """Turn the parser's complaint into a problem at the place to mend."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return source.file_problem("syntax", _FALLBACK)
    mark: Mark = error.problem_mark
    line = source.line(mark.line)
    if tab := _TAB.match(line):
        place, message = Place(mark.line, tab.start("tab")), "a tab in the indentation; YAML wants spaces"
    elif _is_bare_template(line):
        place, message = Place(mark.line, line.index("{{")), _TEMPLATE
    elif "cannot start any token" in (error.problem or ""):
        place, message = Place(mark.line, mark.column), _explain_first_character(line, mark)
    else:
        place, message = _explain_case(error, mark)
    return source.problem("syntax", message, place, Place(place.line, place.column + 1))


def _is_bare_template(line: str) -> bool:
    """Tell whether a template stands where YAML takes its braces for a mapping."""
    return bool(re.search(r"""(?:[:,\[{-]|^)\s*\{\{""", line) or re.search(r"[\[{][^\"']*\{\{", line))


def _explain_first_character(line: str, mark: Mark) -> str:
    character = line[mark.column : mark.column + 1]
    if character == "\t":
        return "a tab stands where YAML wants spaces"
    return f'an unquoted text cannot begin with "{character}"; put the value in quotes'


def _explain_case(error: yaml.MarkedYAMLError, problem_mark: Mark) -> tuple[Place, str]:
    context, problem = error.context or "", error.problem or ""
    for case in _CASES:
        if case.context in context and case.problem in problem:
            mark = error.context_mark if case.at_context and error.context_mark else problem_mark
            return Place(mark.line, mark.column), case.message
    return Place(problem_mark.line, problem_mark.column), _FALLBACK
