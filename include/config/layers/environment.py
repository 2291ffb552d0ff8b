"""Read an environment: the variables that it declares and the defaults that it lays over the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.config.checks.validation import validate
from include.config.checks.values import check_values
from include.config.files import find_config
from include.config.keys.environment import EnvironmentConfig
from include.config.layers.layer import check_defaults, read_layer
from include.config.layers.names import ENVIRONMENTS
from include.config.layers.variables import Variables
from include.config.problems import Problem, suggest_name

if TYPE_CHECKING:
    from pathlib import Path

    from include.config.text.node import Node
    from include.config.text.source_file import SourceFile

# The environment of a machine where nothing was set up: it needs no file.
LOCAL = "local"

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class Environment:
    """What differs from one installation to the next.

    Attributes:
        variables: What values may use as ${name}.
        defaults: What goes over the defaults of all folders; None where there is nothing.
        problems: What is wrong with its file.
        sources: Its file; none where it needs none.
    """

    variables: Variables
    defaults: Node | None
    problems: list[Problem]
    sources: tuple[SourceFile, ...] = ()


def read_environment(configs_dir: Path, name: str) -> Environment:
    """Read configs/environments/<name>.yml.

    Args:
        configs_dir: The folder of the configs.
        name: The environment's name; "local" needs no file.
    """
    place = f"{configs_dir.name}/{ENVIRONMENTS}/{name}.yml"
    files = find_config(configs_dir, (ENVIRONMENTS, name)) if _NAME.fullmatch(name) else []
    if not files:
        missing = [] if name == LOCAL else [_unknown(configs_dir, name)]
        return Environment(Variables({}, place), None, missing)
    layer = read_layer(configs_dir, files)
    if layer.tree is None:
        return Environment(Variables({}, place), None, layer.problems, layer.sources)
    variables, defaults = _check(layer.tree, layer.problems)
    return Environment(variables, defaults, layer.problems, layer.sources)


def _check(tree: Node, problems: list[Problem]) -> tuple[Variables, Node | None]:
    own = {key: node for key, node in tree.entries.items() if key != "defaults"}
    check_values(tree.with_value(own), problems)
    validate(EnvironmentConfig, tree, problems)
    declared = tree.entries["vars"].entries if "vars" in tree.entries else {}
    variables = Variables(declared, tree.source.path)
    defaults = tree.entries.get("defaults")
    if defaults is not None and isinstance(defaults.value, dict):
        return variables, check_defaults(defaults, variables, problems)
    return variables, None


def _unknown(configs_dir: Path, name: str) -> Problem:
    known = [file.stem for file in sorted((configs_dir / ENVIRONMENTS).glob("*.y*ml"))]
    message = f'there is no environment "{name}"{suggest_name(name, known)}'
    return Problem(f"{configs_dir.name}/{ENVIRONMENTS}", 1, 1, "", message, "unknown-environment")
