"""Write values as short YAML, for proposed configs."""

from __future__ import annotations

import json
import re
from typing import Any

# What every YAML reader reads as the same text without quotes.
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z][\w.-]*", re.ASCII | re.IGNORECASE)


def write_yaml(value: Any) -> str:
    """Return a value as one line, with lists and mappings in brackets."""
    if isinstance(value, dict):
        entries = (f"{write_key(str(key))}: {write_yaml(item)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(write_yaml, value))}]"
    # A config's variables begin with ${, and $${ is a literal ${.
    return write_key(value.replace("${", "$${")) if isinstance(value, str) else json.dumps(value)


def write_key(text: str) -> str:
    """Return a text without variables, in quotes if it could be read as anything else."""
    return text if _PLAIN.fullmatch(text) else f'"{"".join(map(_escape, text))}"'


def _escape(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter == "\t":
        return "\\t"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
