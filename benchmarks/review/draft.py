"""A change in the making: a rule edits the project's files as a person would."""

from __future__ import annotations

import copy
import difflib
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.review.project import make_project, write_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.review.project import Config, Files

LAYERS = ("defaults.yml", "environments/")


class Draft:
    """The files of a change.

    Attributes:
        before: The project where the change begins.
        files: The project after it.
        merged: What others have merged into main meanwhile.
        number: Which of its rule's changes this is, counted from 0.
        random: Draws the rest.
    """

    def __init__(self, name: str, number: int) -> None:
        """Begin a change.

        Args:
            name: Seeds what is drawn at random; changes of one name take different pipelines.
            number: Which of them it is.
        """
        self.before: Files = dict(make_project())
        self.files: Files = dict(self.before)
        self.merged: Files = {}
        self.number = number
        self.random = Random(f"{name} {number}")
        self._order = list(self.files)
        Random(name).shuffle(self._order)

    def pick(self, is_wanted: Callable[[Config], bool], name: str = "") -> str:
        """Return the path of a pipeline's config that has what a rule wants, and whose path holds a text."""
        return self.pick_many(1, is_wanted, name)[0]

    def pick_many(self, count: int, is_wanted: Callable[[Config], bool], name: str = "") -> list[str]:
        """Return the paths of several such configs."""
        found = [
            path
            for path in self._order
            if is_pipeline(path) and name in path and is_wanted(_parse(self.files[path]))
        ]
        first = self.number % len(found)
        return (found[first:] + found[:first])[:count]

    def read(self, path: str) -> Config:
        """Return a config's values."""
        return copy.deepcopy(_parse(self.files[path]))

    @contextmanager
    def edit(self, path: str) -> Iterator[Config]:
        """Edit a config's values; the file is written in its usual form when the block ends."""
        config = self.read(path)
        yield config
        self.files[path] = write_yaml(config)

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace the first occurrence of a text in a file."""
        text = self.files[path]
        if old not in text:
            raise ValueError(f'"{old}" is not in {path}')
        self.files[path] = text.replace(old, new, 1)

    def insert(self, path: str, line: str) -> None:
        """Write a line at a file's beginning."""
        self.files[path] = f"{line}\n{self.files[path]}"

    def write(self, path: str, config: Config) -> None:
        """Write a config."""
        self.files[path] = write_yaml(config)

    def move(self, old: str, new: str) -> None:
        """Rename a file."""
        self.files[new] = self.files.pop(old)

    def commit(self) -> None:
        """Let the project begin with what was edited until now."""
        self.before = dict(self.files)

    def diff(self) -> tuple[str, ...]:
        """Return the change as lines of a unified diff."""
        lines: list[str] = []
        for path in sorted(self.before.keys() | self.files.keys()):
            old, new = (files.get(path, "").splitlines() for files in (self.before, self.files))
            lines += difflib.unified_diff(old, new, path, path, n=1, lineterm="")
        return tuple(lines)


def is_pipeline(path: str) -> bool:
    """Return whether a file is a pipeline's config."""
    inside = path.startswith("configs/") and path.endswith(".yml")
    return inside and not path.endswith(LAYERS[0]) and LAYERS[1] not in path


def has(*keys: str) -> Callable[[Config], bool]:
    """Return the test whether a config has values at all of these dotted keys."""
    return lambda config: all(get(config, key) is not None for key in keys)


def lacks(*keys: str) -> Callable[[Config], bool]:
    """Return the test whether a config has none of these dotted keys."""
    return lambda config: all(get(config, key) is None for key in keys)


def get(config: Config, key: str) -> Any:
    """Return the value of a dotted key; None where there is none."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


@cache
def _parse(text: str) -> Config:
    config: Config = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return config
