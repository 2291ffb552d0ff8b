"""One file of values that pipelines share: read it, and check it by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.config.checks.validation import validate
from include.config.checks.values import check_values
from include.config.files import show_path, twin_problem
from include.config.keys.pipeline import PipelineConfig
from include.config.layers.short_forms import choose_keys, expand_short_forms
from include.config.text.reader import read_yaml
from include.config.text.source_file import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from include.config.layers.variables import Variables
    from include.config.problems import Problem
    from include.config.text.node import Node
    from include.config.text.source_file import SourceFile


@dataclass
class Layer:
    """What lies below pipelines' own configs.

    Attributes:
        tree: Its values; None where there are none.
        problems: What is wrong in the files that it was made of.
        sources: Those files, the farthest first.
    """

    tree: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    sources: tuple[SourceFile, ...] = ()


def read_layer(configs_dir: Path, files: list[Path]) -> Layer:
    """Read a file that pipelines share.

    Args:
        configs_dir: The folder of the configs.
        files: The files of one path without suffix; none is an empty layer, and two are a problem.
    """
    layer = Layer()
    if not files:
        return layer
    path = show_path(configs_dir, files[0])
    if len(files) > 1:
        layer.problems.append(twin_problem(path, files[1].name))
    source = read_source(files[0], path, layer.problems)
    if source:
        layer.sources = (source,)
        layer.tree = read_yaml(source, layer.problems)
    return layer


def check_defaults(tree: Node, variables: Variables, problems: list[Problem]) -> Node:
    """Check defaults by themselves, so that a slip is told even where every pipeline overrides it.

    Args:
        tree: The values as written.
        variables: What the environment declares.
        problems: Takes what is wrong.

    Returns:
        The values with their short forms written out; variables are put in later, with those of a matrix.
    """
    if matrix := tree.entries.get("matrix"):
        message = "belongs into a pipeline's own config, not into defaults"
        problems.append(matrix.key_problem("misplaced-key", ("matrix",), message))
    tree = expand_short_forms(tree)
    resolved = choose_keys(variables.awaiting_matrix().substitute(tree, (), problems))
    check_values(resolved, problems)
    validate(PipelineConfig, resolved, problems, partial=True)
    return tree
