"""Writes values as short YAML, for configs that the command proposes."""

from __future__ import annotations

import json
import re
from typing import Any

# What every reader of YAML takes for the same text without quotes.
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z][\w.-]*", re.ASCII | re.IGNORECASE)


def write_yaml(value: Any) -> str:
    """Write a value on one line, where a list or a mapping stands in brackets."""
    if isinstance(value, dict):
        entries = (f"{write_key(str(key))}: {write_yaml(item)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(write_yaml, value))}]"
    # A config's variables begin with ${, and two dollars stand for one.
    return write_key(value.replace("${", "$${")) if isinstance(value, str) else json.dumps(value)


def write_key(text: str) -> str:
    """Write a text in which a config looks for no variables, in quotes where it could be read as anything else."""
    return text if _PLAIN.fullmatch(text) else f'"{"".join(map(_escape, text))}"'


def _escape(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
