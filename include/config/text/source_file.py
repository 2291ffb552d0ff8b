"""Read a config's file as text, within limits, and point at places in it."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from include.config.problems import Problem
from include.config.text import secrets

if TYPE_CHECKING:
    from pathlib import Path

# A config is a page that a person reads; what is larger is a mistake or an attack.
_MAX_BYTES = 1_000_000
# What libyaml counts as the end of a line.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_CONFLICT_MARKER = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?= |$)", re.MULTILINE)
# Characters that YAML forbids; in a terminal some of them are commands.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


class Mark(Protocol):
    """A place in a text, line and column counted from 0: what the YAML parser gives."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column in characters."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mark of our own."""

    line: int
    column: int


class SourceFile:
    """A config's text and the name under which problems speak of it.

    Attributes:
        path: The file as people see it, as "configs/petrol_consumption.yml".
        text: What stands in it.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    def line(self, number: int) -> str:
        """Return a line, counted from 0; empty past the end."""
        return self._lines[number] if number < len(self._lines) else ""

    def problem(self, code: str, message: str, start: Mark, end: Mark, *, key: str = "") -> Problem:
        """Report what is wrong between two marks; a range over several lines is shown to its first line's end."""
        line = self.line(start.line)
        last = end.column if end.line == start.line else len(line)
        return Problem(
            path=self.path,
            line=start.line + 1,
            column=start.column + 1,
            key=_escape(secrets.blank_secrets(key, self.secrets)),
            message=_escape(secrets.blank_secrets(message, self.secrets)),
            code=code,
            excerpt=_replace_unprintable(secrets.blank_secrets(line, self.secrets)),
            width=max(1, last - start.column),
        )

    def file_problem(self, code: str, message: str, *, key: str = "") -> Problem:
        """Report what concerns the whole file."""
        return Problem(self.path, 1, 1, key, message, code)

    def problem_at(self, code: str, message: str, begin: int, end: int) -> Problem:
        """Report what is wrong between two offsets of the text."""
        before = LINE_BREAK.split(self.text[:begin])
        start = Place(len(before) - 1, len(before[-1]))
        return self.problem(code, message, start, Place(start.line, start.column + end - begin))

    @cached_property
    def _lines(self) -> list[str]:
        return LINE_BREAK.split(self.text)

    @cached_property
    def secret_spans(self) -> list[tuple[int, int]]:
        """Where secrets begin and end in the text."""
        return secrets.find_secrets(self.text)

    @cached_property
    def secrets(self) -> list[str]:
        """The secrets in the text, longest first."""
        return sorted({self.text[begin:end] for begin, end in self.secret_spans}, key=len, reverse=True)


def read_source(file: Path | str, path: str, problems: list[Problem]) -> SourceFile | None:
    """Read a file and check its text before anything is parsed.

    Args:
        file: The file to read.
        path: Its name for people.
        problems: Takes what is wrong.

    Returns:
        The text, or None where it cannot be parsed at all.
    """
    source = SourceFile(path, "")
    try:
        raw = _read_bytes(file)
    except OSError as error:
        problems.append(source.file_problem("unreadable", _explain_os_error(error)))
        return None
    if len(raw) > _MAX_BYTES:
        problems.append(
            source.file_problem(
                "too-large", f"is larger than {_MAX_BYTES // 1_000_000} MB; a config is a page of text"
            )
        )
        return None
    try:
        source.text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        problems.append(_explain_decoding(raw, path, error))
        return None
    return source if _check_text(source, problems) else None


def _read_bytes(file: Path | str) -> bytes:
    # A link could show any file of the machine in an error's excerpt, and a pipe would wait for ever.
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        chunks = []
        left = _MAX_BYTES + 1
        while left and (chunk := os.read(descriptor, left)):
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def _escape(text: str) -> str:
    """Write what a terminal would obey, and what would end the line, as escapes."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _replace_unprintable(line: str) -> str:
    """Replace the same without moving what stands behind it."""
    return "".join(one if one.isprintable() or one == "\t" else "\ufffd" for one in line)


def _explain_os_error(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link; put the file itself here"
    if error.errno == errno.EINVAL:
        return "is not a regular file; a config is a text file"
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
    """Report what no parser needs to find; return whether the text is worth parsing."""
    text = source.text
    problems += [
        source.problem_at("secret", secrets.MESSAGE, begin, end) for begin, end in source.secret_spans
    ]
    if found := _CONTROL.search(text):
        message = f"the control character U+{ord(found[0]):04X} is not allowed; remove it"
        problems.append(source.problem_at("control-character", message, *found.span()))
        return False
    if found := _CONFLICT_MARKER.search(text):
        message = (
            f'"{found[0]}" was left by a merge conflict; keep one of the two sides and remove the markers'
        )
        problems.append(source.problem_at("merge-conflict", message, *found.span()))
        return False
    return True
