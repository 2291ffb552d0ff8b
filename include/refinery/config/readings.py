"""The texts of configs, each read and parsed once for all environments and versions that have it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refinery.config.folder import show_path
from refinery.config.yaml.reader import read_yaml
from refinery.config.yaml.source_file import decode_source, unreadable_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from refinery.config.folder import ConfigFolder
    from refinery.config.problems import Problem
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import FindSecrets, SourceFile


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as it was read.

    Attributes:
        source: Its text; None if it cannot be read or parsed.
        tree: Its values; None if there are none.
    """

    source: SourceFile | None = None
    tree: Node | None = None


class Readings:
    """What was read so far.

    A text is kept only while nothing is wrong with it: checks mark the values that they report, and another environment may find
    nothing wrong with them. So the same `SourceFile` twice means the same path with the same, healthy text.

    Attributes:
        detect: Finds further secrets in a text; None finds only those of every read.
    """

    def __init__(self, detect: FindSecrets | None = None) -> None:
        """Begin with nothing."""
        self.detect = detect
        self._kept: dict[str, dict[bytes, Reading]] = defaultdict(dict)

    def read(self, folder: ConfigFolder, file: str, problems: list[Problem]) -> Reading:
        """Read and parse a file, unless the same path was read with the same bytes.

        Args:
            folder: The folder of the configs.
            file: The file's path in it.
            problems: Collects what is wrong.
        """
        path = show_path(folder, file)
        try:
            raw = folder.read(file)
        except OSError as error:
            problems.append(unreadable_problem(path, error))
            return Reading()
        if known := self._kept[path].get(raw):
            return known
        found: list[Problem] = []
        source = decode_source(raw, path, found, self.detect)
        reading = Reading(source, read_yaml(source, found) if source else None)
        problems += found
        if not found:
            self._kept[path][raw] = reading
        return reading

    def forget(self, problems: Iterable[Problem]) -> None:
        """Read the files of problems anew the next time."""
        for problem in problems:
            self._kept.pop(problem.path, None)
