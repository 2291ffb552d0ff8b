"""Workflow commands of GitHub Actions: a line of a step's output that the page shows at a line of a file."""

from __future__ import annotations

from typing import Literal

Level = Literal["error", "warning", "notice"]


def annotation(level: Level, message: str, **properties: str | int) -> str:
    """Write the command for an annotation.

    Args:
        level: How it is marked.
        message: Its text; several lines are kept.
        properties: Its title and place, as `file`, `line`, `col`, `endColumn`, `title`.
    """
    listed = ",".join(f"{name}={_escape_property(str(value))}" for name, value in properties.items())
    return f"::{level}{' ' if listed else ''}{listed}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
