"""Explain in plain words what libyaml cannot parse, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from refinery.config.yaml.source_file import Mark, Place

if TYPE_CHECKING:
    from refinery.config.problems import Problem
    from refinery.config.yaml.source_file import SourceFile

BARE_TEMPLATE = 'an unquoted "{{" begins a YAML mapping; put the whole value in quotes'


class _Case(NamedTuple):
    """How one kind of libyaml's errors is reported.

    Attributes:
        context: A part of the error's context.
        problem: A part of the error's problem.
        message: Our message for both.
        at_context: Whether the place to fix is where the construct begins.
    """

    context: str
    problem: str
    message: str
    at_context: bool = False


_UNCLOSED_QUOTE = "the quote that opens here is never closed"
_ESCAPE = "a backslash in double quotes begins an escape; write \\\\, or use single quotes"
_NO_TAGS = 'tags are not allowed; for a text that begins with "!", put it in quotes'
_STAR = 'put a text that begins with "*" in quotes'
_AFTER_VALUE = "text follows the end of a value; is a quote or a bracket missing, or is there one too many?"
_NO_KEY = 'the key before ":" is missing'
_INDENTATION = "this line's indentation matches no line above it"
_CONTINUED = "this line is indented below a key that already has a value; is its indentation right?"
_COLON = 'an unquoted text contains ": "; put the whole value in quotes'
_DIRECTIVE = 'a line that begins with "%" is a YAML directive; remove it, or put the text in quotes'
# The first match is reported.
_CASES = (
    _Case("quoted scalar", "unexpected", _UNCLOSED_QUOTE, at_context=True),
    _Case("quoted scalar", "", _ESCAPE),
    _Case(
        "flow sequence", "", 'the list that begins here is missing a "," or its closing "]"', at_context=True
    ),
    _Case(
        "flow mapping",
        "",
        'the mapping that begins here is missing a "," or its closing "}"',
        at_context=True,
    ),
    _Case("flow node", "", "a value is missing here, or a bracket is not closed"),
    _Case(
        "block node",
        "",
        "a value cannot begin with this; is there a bracket too many, or are quotes missing?",
    ),
    _Case("alias", "", _STAR, at_context=True),
    _Case("anchor", "", 'put a text that begins with "&" in quotes', at_context=True),
    _Case("tag", "", _NO_TAGS, at_context=True),
    _Case("", "undefined tag", _NO_TAGS),
    _Case("simple key", "", 'the ":" after this key is missing', at_context=True),
    _Case("block scalar", "tab", "the indentation contains a tab; use spaces"),
    _Case(
        "block scalar", "", 'only "+", "-" or a number may follow "|" or ">"; begin the text on the next line'
    ),
    _Case("plain scalar", "tab", "the indentation contains a tab; use spaces"),
    _Case("plain scalar", "':'", 'the space after this ":" is missing, or quotes around the text'),
    _Case("directive", "", _DIRECTIVE, at_context=True),
    _Case("", "incompatible YAML", _DIRECTIVE),
    _Case("", "directive", _DIRECTIVE),
    _Case("block collection", "", "the list ends here, and this line's indentation matches nothing above it"),
    _Case("block mapping", "", _INDENTATION),
    _Case("", "mapping values", _COLON),
    _Case("", "block sequence entries", 'a "- " is not allowed here; begin the list on its own line'),
    _Case("", "mapping keys", 'a "? " is not allowed here; put the text in quotes'),
    _Case(
        "", "document start", "the config ended above, but text follows; is this line's indentation right?"
    ),
)
_FALLBACK = "this is not valid YAML; check the quotes, brackets and indentation here and on the line above"
_TAB = re.compile(r"[ ]*(?P<tab>\t)")


def explain_syntax_error(source: SourceFile, error: yaml.YAMLError) -> Problem:
    """Return the parser's error as a problem at the place to fix."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return source.file_problem("syntax", _FALLBACK)
    mark: Mark = error.problem_mark
    line = source.line(mark.line)
    if tab := _TAB.match(line):
        place, message = Place(mark.line, tab.start("tab")), "the indentation contains a tab; use spaces"
    elif _is_bare_template(line):
        place, message = Place(mark.line, line.index("{{")), BARE_TEMPLATE
    elif "cannot start any token" in (error.problem or ""):
        place, message = Place(mark.line, mark.column), _explain_first_character(line, mark)
    else:
        place, message = _explain_case(error, line, mark)
    return source.problem("syntax", message, place, Place(place.line, place.column + 1))


def _is_bare_template(line: str) -> bool:
    """Return whether a template stands where YAML takes its braces for a mapping."""
    return bool(re.search(r"""(?:[:,\[{-]|^)\s*\{\{""", line) or re.search(r"[\[{][^\"']*\{\{", line))


def _explain_first_character(line: str, mark: Mark) -> str:
    character = line[mark.column : mark.column + 1]
    if character == "\t":
        return "this tab is not allowed; use spaces"
    return f'an unquoted text cannot begin with "{character}"; put the value in quotes'


def _explain_case(error: yaml.MarkedYAMLError, line: str, problem_mark: Mark) -> tuple[Place, str]:
    context, problem = error.context or "", error.problem or ""
    before = line[: problem_mark.column]
    for case in _CASES:
        if case.context in context and case.problem in problem:
            mark = error.context_mark if case.at_context and error.context_mark else problem_mark
            return Place(mark.line, mark.column), _refine(case.message, before, line[problem_mark.column :])
    return Place(problem_mark.line, problem_mark.column), _FALLBACK


def _refine(message: str, before: str, after: str) -> str:
    """Distinguish, by the text around the place, errors for which libyaml has one name."""
    if message == _INDENTATION and after.startswith(":"):
        return _NO_KEY
    if message == _INDENTATION and before.strip():
        return _AFTER_VALUE
    if message == _COLON and before.startswith(" ") and ":" not in before:
        return _CONTINUED
    return message
