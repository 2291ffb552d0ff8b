"""Keep mappings with keys other than text intact in JSON, which turns keys into text."""

from __future__ import annotations

import json
from typing import Any

# The only key of the object that represents such a mapping: {0: 1, 1: 5} is {"__pairs__": [[0, 1], [1, 5]]} in JSON.
PAIRS = "__pairs__"


def keep_keys(value: Any) -> Any:
    """Return a value in which mappings with keys other than text are pairs, so that JSON keeps the keys' types."""
    if isinstance(value, dict):
        kept = [(key, keep_keys(item)) for key, item in value.items()]
        if all(isinstance(key, str) for key in value):
            return dict(kept)
        return {PAIRS: [list(pair) for pair in kept]}
    return [keep_keys(item) for item in value] if isinstance(value, (list, tuple)) else value


def restore_keys(value: Any) -> Any:
    """Return the value that `keep_keys` was given; other values stay the same."""
    if isinstance(value, dict):
        if value.keys() == {PAIRS} and isinstance(value[PAIRS], list):
            return {key: restore_keys(item) for key, item in value[PAIRS]}
        return {key: restore_keys(item) for key, item in value.items()}
    return [restore_keys(item) for item in value] if isinstance(value, list) else value


def as_text(value: Any) -> str:
    """Return a value as one line of JSON, but with keys of their own types: {0: 1, "a": 2}."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{as_text(key)}: {as_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    return json.dumps(value, ensure_ascii=False)
