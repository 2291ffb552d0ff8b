"""Read and check one file of values that pipelines share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from refinery.config.checks.validation import validate
from refinery.config.checks.values import check_values
from refinery.config.files import twin_problem
from refinery.config.folder import show_path
from refinery.config.models.pipeline import PipelineConfig
from refinery.config.resolve.short_forms import choose_keys, expand_short_forms

if TYPE_CHECKING:
    from refinery.config.folder import ConfigFolder
    from refinery.config.problems import Problem
    from refinery.config.readings import Readings
    from refinery.config.resolve.variables import Variables
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import SourceFile


@dataclass
class Layer:
    """The values below a pipeline's own config.

    Attributes:
        tree: The values; None if there are none.
        problems: The problems of the files that they come from.
        sources: Those files, farthest first.
        strays: The problems of second files of the same name, which are ignored.
    """

    tree: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    sources: tuple[SourceFile, ...] = ()
    strays: list[Problem] = field(default_factory=list)


def read_layer(folder: ConfigFolder, files: list[str], readings: Readings) -> Layer:
    """Read a file that pipelines share.

    Args:
        folder: The folder of the configs.
        files: The files of one path without suffix; none makes an empty layer, and of two the first is read.
        readings: What was read so far.
    """
    layer = Layer()
    if not files:
        return layer
    loaded = files[0].rpartition("/")[2]
    layer.strays = [twin_problem(show_path(folder, stray), loaded) for stray in files[1:]]
    reading = readings.read(folder, files[0], layer.problems)
    layer.sources = (reading.source,) if reading.source else ()
    layer.tree = reading.tree
    return layer


def check_defaults(tree: Node, variables: Variables, problems: list[Problem]) -> Node:
    """Check defaults by themselves, so that a mistake is reported even if every pipeline overrides it.

    Args:
        tree: The values as written.
        variables: What the environment declares.
        problems: Collects what is wrong.

    Returns:
        The values with their short forms expanded; variables are resolved later, with those of a matrix.
    """
    if matrix := tree.entries.get("matrix"):
        message = "is not allowed in defaults; move it to a pipeline's own config"
        problems.append(matrix.key_problem("misplaced-key", ("matrix",), message))
    tree = expand_short_forms(tree)
    resolved = choose_keys(variables.awaiting_matrix().substitute(tree, (), problems))
    check_values(resolved, problems)
    validate(PipelineConfig, resolved, problems, partial=True)
    return tree
