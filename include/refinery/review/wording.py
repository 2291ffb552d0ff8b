"""Put a changed value into one short line: cut if long, a list as additions and removals, without secrets."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

from refinery.config import blank_secrets, find_secrets
from refinery.spec.search import describe_space, describe_space_change

# Of "features" and the like, whose values are lists of names.
_MAX_ITEMS = 8
# Two of them and a key fit a page's line.
_MAX_LENGTH = 80
# How much of what two long texts have in common is kept before their first difference.
_KEPT = 20
_CUT = "..."
NOT_SET = "not set"


def format_change(key: str, before: Any, after: Any, *, origins: tuple[str, str] = ("", "")) -> str:
    """Write how a value changes, such as "model.params.alpha: 0.1 -> 0.5".

    Args:
        key: The dotted key.
        before: The value in JSON's types; None where there is none.
        after: The same, after the change.
        origins: What the one and the other came from where nobody wrote them, such as "default".
    """
    if isinstance(before, list) and isinstance(after, list) and len(before) + len(after) > 2:  # noqa: PLR2004
        return hide_secrets(f"{key}: {_say_lists(before, after)}")
    texts = _cut_both(_write(before), _write(after))
    if _is_space(key):
        texts = (_write_space(before), _write_space(after))
        if word := describe_space_change(before, after):
            return hide_secrets(f"{key}: {' -> '.join(texts)} ({word})")
    said = (f"{text} ({origin})" if origin else text for text, origin in zip(texts, origins, strict=True))
    return hide_secrets(f"{key}: {' -> '.join(said)}")


def format_value(key: str, value: Any) -> str:
    """Write a value with its key, such as "model.params.alpha: 0.5"."""
    return hide_secrets(f"{key}: {_write_space(value) if _is_space(key) else _cut(_write(value))}")


def _is_space(key: str) -> bool:
    """Return whether a key's value is what a search may try, such as of "model.search.alpha"."""
    return key.startswith("model.") and ".search." in key


def _write_space(value: Any) -> str:
    return NOT_SET if value is None else _cut(describe_space(value))


def hide_secrets(text: str) -> str:
    """Write stars for what looks like a secret."""
    return blank_secrets(text, [text[begin:end] for begin, end in find_secrets(text)])


def _say_lists(before: list[Any], after: list[Any]) -> str:
    went = [_write(one) for one in before if one not in after]
    came = [_write(one) for one in after if one not in before]
    if not came and not went:
        return "in another order, or with repeats"
    parts = (("+", came), ("-", went))
    return ", ".join(f"{sign} {_list(items)}" for sign, items in parts if items)


def _list(items: list[str]) -> str:
    shown = ", ".join(_cut(item) for item in items[:_MAX_ITEMS])
    rest = len(items) - _MAX_ITEMS
    return f"{shown} and {rest} more" if rest > 0 else shown


def _write(value: Any) -> str:
    """Write a value as a config has it; a list of one as its item."""
    if value is None:
        return NOT_SET
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and value and value.isprintable():
        return value
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - len(_CUT)] + _CUT


def _cut_both(before: str, after: str) -> tuple[str, str]:
    """Cut two long texts so that their first difference is seen."""
    if max(len(before), len(after)) <= _MAX_LENGTH:
        return before, after
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    skipped = max(0, common - _KEPT) if common > _MAX_LENGTH // 2 else 0
    lead = _CUT if skipped else ""
    return _cut(lead + before[skipped:]), _cut(lead + after[skipped:])
