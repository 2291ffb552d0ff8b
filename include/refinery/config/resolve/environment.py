"""Read an environment: its variables, and the defaults that override those of the folders."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from refinery.config.checks.validation import validate
from refinery.config.checks.values import check_values
from refinery.config.files import find_config, find_environment_files
from refinery.config.models.variables import EnvironmentConfig
from refinery.config.problems import Problem
from refinery.config.resolve.layer import check_defaults, read_layer
from refinery.config.resolve.variables import Variables
from refinery.spec.names import ENVIRONMENTS
from refinery.wording import suggest_name

if TYPE_CHECKING:
    from refinery.config.folder import ConfigFolder
    from refinery.config.readings import Readings
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import SourceFile

# The environment of a machine without setup; it needs no file.
LOCAL = "local"

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class Environment:
    """What differs from one installation to the next.

    Attributes:
        variables: What values may use as ${name}.
        defaults: What overrides the defaults of all folders; None if there is nothing.
        problems: The problems of its file.
        sources: Its file; empty if it needs none.
        strays: The problem of a second file of its name, which is ignored.
    """

    variables: Variables
    defaults: Node | None
    problems: list[Problem]
    sources: tuple[SourceFile, ...] = ()
    strays: list[Problem] = field(default_factory=list)


def read_environment(folder: ConfigFolder, name: str, readings: Readings) -> Environment:
    """Read configs/environments/<name>.yml.

    Args:
        folder: The folder of the configs.
        name: The environment's name; "local" needs no file.
        readings: What was read so far.
    """
    place = f"{folder.name}/{ENVIRONMENTS}/{name}.yml"
    files = find_config(folder, (ENVIRONMENTS, name)) if _NAME.fullmatch(name) else []
    if not files:
        missing = [] if name == LOCAL else [_unknown(folder, name)]
        return Environment(Variables({}, place), None, missing)
    layer = read_layer(folder, files, readings)
    if layer.tree is None:
        return Environment(Variables({}, place), None, layer.problems, layer.sources, layer.strays)
    variables, defaults = _check(layer.tree, layer.problems)
    readings.forget(layer.problems)
    return Environment(variables, defaults, layer.problems, layer.sources, layer.strays)


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


def _unknown(folder: ConfigFolder, name: str) -> Problem:
    known = [PurePosixPath(file).stem for file in find_environment_files(folder)]
    message = f'there is no environment "{name}"{suggest_name(name, known)}'
    return Problem(f"{folder.name}/{ENVIRONMENTS}", 1, 1, "", message, "unknown-environment")
