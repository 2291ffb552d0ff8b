"""Read a config's file as text, within limits, and report problems at places in it."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from refinery.config.problems import Problem
from refinery.config.yaml import secrets
from refinery.config_file import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    FindSecrets = Callable[[str], list[tuple[int, int]]]

# What libyaml treats as a line end.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# Anything shorter is part of many words; a secret of at least this length is never shown.
_SHORTEST_HIDDEN = 4
_CONFLICT_MARKER = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?= |$)", re.MULTILINE)
# What a config may not contain unescaped. YAML forbids control characters; some of them are terminal commands.
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]"
_LINE_END_OF_YAML = "[\x85\u2028\u2029]|\r(?!\n)"
# Right-to-left letters need none of these: Unicode orders them by itself.
_DIRECTION = "[\u202a-\u202e\u2066-\u2069]"
_FORBIDDEN = re.compile(
    f"(?P<control>{_CONTROL})|(?P<line_end>{_LINE_END_OF_YAML})|(?P<direction>{_DIRECTION})"
)
_WHY_FORBIDDEN = {
    "control": "is not allowed",
    "line_end": "begins a new line for YAML, but not where the config is reviewed",
    "direction": "changes the order in which text is displayed, so that a reviewer sees a different config than YAML reads",
}


class Mark(Protocol):
    """A place in a text, line and column counted from 0, such as the YAML parser's marks."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column in characters."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mark that does not come from the parser."""

    line: int
    column: int


class SourceFile:
    """A config's text, and the name under which problems are reported.

    Attributes:
        path: The file as people see it, such as "configs/petrol_consumption.yml".
        text: Its text.
    """

    def __init__(self, path: str, text: str, detect: FindSecrets | None = None) -> None:
        """Store a text.

        Args:
            path: The file's name in reports.
            text: The text.
            detect: Finds further secrets.
        """
        self.path = path
        self.text = text
        self._detect = detect
        self._hidden: set[str] = set()

    def line(self, number: int) -> str:
        """Return a line, counted from 0; empty after the last one."""
        return self._lines[number] if number < len(self._lines) else ""

    def problem(self, code: str, message: str, start: Mark, end: Mark, *, key: str = "") -> Problem:
        """Return a problem between two marks; of several lines, the first is shown."""
        line = self.line(start.line)
        last = end.column if end.line == start.line else len(line)
        return Problem(
            path=self.path,
            line=start.line + 1,
            column=start.column + 1,
            key=_escape(self._blank(key)),
            message=_escape(message if message == secrets.MESSAGE else self._blank(message)),
            code=code,
            excerpt=_replace_unprintable(self._blank(line)),
            width=max(1, last - start.column),
        )

    def hide(self, value: str, begin: int, end: int) -> None:
        """Hide a value between two offsets of the text in all later problems."""
        written = (line.strip(" \t'\"") for line in LINE_BREAK.split(self.text[begin:end]))
        self._hidden |= {
            one for one in (value, *value.splitlines(), *written) if len(one) >= _SHORTEST_HIDDEN
        }

    def without_secrets(self, problem: Problem) -> Problem:
        """Return a problem without the secrets that were found after it was reported."""
        return replace(problem, message=self._blank(problem.message), excerpt=self._blank(problem.excerpt))

    def _blank(self, text: str) -> str:
        return secrets.blank_secrets(text, self.secrets)

    def file_problem(self, code: str, message: str, *, key: str = "") -> Problem:
        """Return a problem of the whole file."""
        return Problem(self.path, 1, 1, key, message, code)

    def problem_at(self, code: str, message: str, begin: int, end: int) -> Problem:
        """Return a problem between two offsets of the text."""
        before = LINE_BREAK.split(self.text[:begin])
        start = Place(len(before) - 1, len(before[-1]))
        return self.problem(code, message, start, Place(start.line, start.column + end - begin))

    @cached_property
    def _lines(self) -> list[str]:
        return LINE_BREAK.split(self.text)

    @cached_property
    def secret_spans(self) -> list[tuple[int, int]]:
        """The start and end of each secret in the text."""
        found = secrets.find_secrets(self.text)
        if self._detect is None:
            return found
        return secrets.merge_spans([*found, *self._detect(self.text)])

    @property
    def secrets(self) -> list[str]:
        """The secrets in the text, longest first."""
        if not self._hidden and not self.secret_spans:
            return []
        found = {self.text[begin:end] for begin, end in self.secret_spans}
        return sorted(found | self._hidden, key=len, reverse=True)


def decode_source(
    raw: bytes, path: str, problems: list[Problem], detect: FindSecrets | None = None
) -> SourceFile | None:
    """Check a file's text before it is parsed.

    Args:
        raw: The file's bytes.
        path: Its name in reports.
        problems: Collects what is wrong.
        detect: Finds further secrets.

    Returns:
        The text, or None if it cannot be parsed.
    """
    source = SourceFile(path, "", detect)
    if len(raw) > MAX_BYTES:
        problems.append(
            source.file_problem(
                "too-large",
                f"is larger than {MAX_BYTES // 1_000_000} MB; shorten it, since a config is a page of text",
            )
        )
        return None
    try:
        source.text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        problems.append(_explain_decoding(raw, path, error))
        return None
    return source if _check_text(source, problems) else None


def unreadable_problem(path: str, error: OSError) -> Problem:
    """Return the problem of a file that cannot be read."""
    return SourceFile(path, "").file_problem("unreadable", _explain_os_error(error))


def _escape(text: str) -> str:
    """Escape what a terminal would interpret, and line ends."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _replace_unprintable(line: str) -> str:
    """Replace the same characters without shifting the rest of the line."""
    return "".join(one if one.isprintable() or one == "\t" else "\ufffd" for one in line)


def _explain_os_error(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link, which is not followed; move the file itself here"
    if error.errno == errno.EINVAL:
        return "is not a regular file; replace it by a text file"
    return f"cannot be read: {(error.strerror or 'unknown reason').lower()}"


def _explain_decoding(raw: bytes, path: str, error: UnicodeDecodeError) -> Problem:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "is written in UTF-16; save it as UTF-8"
        return SourceFile(path, "").file_problem("encoding", message)
    readable = SourceFile(path, raw.decode(errors="replace"))
    begin = len(raw[: error.start].decode())
    message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
    return readable.problem_at("encoding", message, begin, begin + 1)


def _check_text(source: SourceFile, problems: list[Problem]) -> bool:
    """Report what needs no parser; return whether the text can be parsed."""
    text = source.text
    problems += [
        source.problem_at("secret", secrets.MESSAGE, begin, end) for begin, end in source.secret_spans
    ]
    if found := _FORBIDDEN.search(text):
        reason = _WHY_FORBIDDEN[str(found.lastgroup)]
        escape = found[0].encode("unicode_escape").decode()
        message = f"the control character U+{ord(found[0]):04X} {reason}: remove it, or write {escape} in double quotes"
        problems.append(source.problem_at("control-character", message, *found.span()))
        return False
    if found := _CONFLICT_MARKER.search(text):
        message = (
            f'"{found[0]}" is a conflict marker of git; keep one of the two sides and remove the markers'
        )
        problems.append(source.problem_at("merge-conflict", message, *found.span()))
        return False
    return True
