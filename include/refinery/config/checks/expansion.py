"""Limit what configs expand to: matrices, variables, aliases and defaults turn a little text into a lot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node

# A config is a page that a person reads; a thousand columns with their types and rules are 100,000 characters.
MAX_OF_PIPELINE = 1_000_000
# 256 pipelines, the limit of a matrix, of 20,000 characters each.
MAX_OF_CONFIG = 5_000_000
# Airflow parses all of it again and again, within 30 seconds each time: 50,000 pipelines of usual size.
MAX_OF_PROJECT = 50_000_000

TOO_LARGE = "expands-too-far"
_MARKS = 4  # what JSON writes around a value


def expanded_size(node: Node) -> int:
    """Return the number of characters of a value with its keys, fully expanded."""
    value = node.value
    if isinstance(value, dict):
        return _MARKS + sum(len(key) + expanded_size(item) for key, item in value.items())
    if isinstance(value, list):
        return _MARKS + sum(map(expanded_size, value))
    return _MARKS + (len(value) if isinstance(value, str) else _MARKS)


class Expansion:
    """What the configs of a project have expanded to so far, including those that are refused.

    Attributes:
        size: The characters of all pipelines, each including its config's text, which is stored with it.
    """

    def __init__(self) -> None:
        self.size = 0
        self._before_config = 0
        self._pipelines = 0

    def begin_config(self) -> None:
        """Start counting the pipelines of another config."""
        self._before_config = self.size
        self._pipelines = 0

    @property
    def of_config(self) -> int:
        """The characters of the config's pipelines so far."""
        return self.size - self._before_config

    def add_known(self, size: int) -> bool:
        """Count a config that was read before; return whether the project may hold it too."""
        if self.size + size > MAX_OF_PROJECT:
            return False
        self.begin_config()
        self.size += size
        return True

    def add(self, tree: Node, resolved: Node) -> Problem | None:
        """Count a pipeline, and return a problem if a limit is exceeded.

        Args:
            tree: Its config.
            resolved: The values of the one pipeline.
        """
        own = expanded_size(resolved)
        self.size += own + len(tree.source.text)
        self._pipelines += 1
        if own > MAX_OF_PIPELINE:
            return _pipeline_problem(resolved, own)
        if self.of_config > MAX_OF_CONFIG:
            return self._config_problem(tree, self.of_config)
        if self.size > MAX_OF_PROJECT:
            message = f"exceeds what Airflow can load in time: the pipelines of this config and those before it have more than {MAX_OF_PROJECT:,} characters; shorten configs or split the project"
            return tree.source.file_problem(TOO_LARGE, message)
        return None

    def _config_problem(self, tree: Node, size: int) -> Problem:
        message = (
            f"expands to too much text: its first {self._pipelines:,} pipelines have {size:,} characters, each including the whole config, "
            f"but the limit is {MAX_OF_CONFIG:,}; shorten the config or split it"
        )
        return tree.entries.get("matrix", tree).key_problem(TOO_LARGE, ("matrix",), message)


def _pipeline_problem(resolved: Node, size: int) -> Problem:
    key, node = max(resolved.entries.items(), key=lambda entry: expanded_size(entry[1]))
    message = (
        f"is the largest part of a pipeline of {size:,} characters, counting expanded aliases, variables and defaults; "
        f"the limit is {MAX_OF_PIPELINE:,}, so shorten it"
    )
    return node.key_problem(TOO_LARGE, (key,), message)
