"""Find the secrets that only a parsed config reveals: a value below its name's line, in a list after its flag, in escapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refinery.config.yaml.secret_names import is_filled_in, is_secret, looks_random, may_hold_secret
from refinery.config.yaml.secrets import find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.config.yaml.node import Node

    Path = tuple[str | int, ...]

# Where keys are names of columns or metrics, which may be called "password".
_NAMES_OF_DATA = (
    ("source", "dtypes"),
    ("source", "dates"),
    ("source", "numbers"),
    ("expect", "columns"),
    ("require",),
)
_FLAG = re.compile(r"--?(?P<name>[A-Za-z][\w.-]*)")
_LOGIN_NAMES = ("-u", "--user", "--auth", "--login", "auth", "login", "basic_auth", "userpwd")
_LOGIN = re.compile(r"[^\s:/]+:(?P<password>[^\s/]{6,})")


def find_secret_nodes(root: Node) -> Iterator[tuple[Path, Node]]:
    """Yield each value that is a secret, with its path."""
    yield from _find(root, (), "")


def _find(node: Node, path: Path, name: str) -> Iterator[tuple[Path, Node]]:
    value = node.value
    if isinstance(value, dict):
        yield from _find_in_mapping(value, path, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _find(item, (*path, index), _flag_before(value, index) or name)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        text = str(value)
        if is_secret(name, text) or _is_login(name, text) or (_is_hidden(node) and find_secrets(text)):
            yield path, node


def _find_in_mapping(entries: dict[str, Node], path: Path, name: str) -> Iterator[tuple[Path, Node]]:
    place = path[1:] if path[:1] == ("defaults",) else path
    has_columns = any(place[: len(one)] == one for one in _NAMES_OF_DATA)
    named = entries.get("name") or entries.get("key")
    for key, item in entries.items():
        if has_columns:
            yield from _find(item, (*path, key), "")
        elif key == "value" and named is not None and isinstance(named.value, str):
            yield from _find(item, (*path, key), named.value)
        elif may_hold_secret(name) and not may_hold_secret(key) and looks_random(str(item.value)):
            yield from _find(item, (*path, key), name)
        else:
            yield from _find(item, (*path, key), key)


def _flag_before(items: list[Node], index: int) -> str:
    """Return the flag whose value an item of a list is; empty if it follows no flag."""
    before = items[index - 1].value if index else None
    item = items[index].value
    is_flag = isinstance(before, str) and not (isinstance(item, str) and item.startswith("-"))
    return str(before) if is_flag and _FLAG.fullmatch(str(before)) else ""


def _is_login(name: str, text: str) -> bool:
    login = _LOGIN.fullmatch(text) if name in _LOGIN_NAMES else None
    return login is not None and not is_filled_in(login["password"])


def _is_hidden(node: Node) -> bool:
    """Return whether a value differs from its text in the file: several lines, or escapes."""
    return node.end.line != node.start.line or "\\" in node.source.line(node.start.line)
