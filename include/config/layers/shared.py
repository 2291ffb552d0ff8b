"""The files that pipelines share, defaults and the environment, each read once in a load."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.config.checks.validation import validate
from include.config.checks.values import check_values
from include.config.keys.environment import EnvironmentConfig
from include.config.keys.pipeline import PipelineConfig
from include.config.layers.merging import merge_layers
from include.config.layers.names import DEFAULTS, ENVIRONMENTS, SUFFIXES
from include.config.layers.short_forms import choose_model_key, expand_short_forms
from include.config.layers.variables import Variables
from include.config.problems import Problem, suggest_name
from include.config.text.reader import read_yaml
from include.config.text.source_file import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from include.config.text.node import Node

# The environment of a machine where nothing was set up: it needs no file.
LOCAL = "local"

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class Layer:
    """What lies below a pipeline's own config.

    Attributes:
        tree: The merged defaults; None where there are none.
        problems: What is wrong in the files that it was made of.
    """

    tree: Node | None = None
    problems: list[Problem] = field(default_factory=list)


class SharedLayers:
    """The defaults of each folder under one environment.

    Attributes:
        variables: What the environment declares.
        problems: What is wrong with the environment itself.
    """

    def __init__(self, configs_dir: Path, environment: str) -> None:
        """Read the environment; defaults are read when they are first asked for.

        Args:
            configs_dir: The folder of the configs.
            environment: The environment's name; "local" needs no file.
        """
        self._configs_dir = configs_dir
        self._layers: dict[tuple[str, ...], Layer] = {}
        self._finished: dict[tuple[str, ...], Layer] = {}
        self.problems: list[Problem] = []
        self._environment: Node | None = None
        self._root = configs_dir.name
        self.environment_path = f"{self._root}/{ENVIRONMENTS}/{environment}.yml"
        self.variables = Variables(self._read_environment(environment), self.environment_path)

    def below(self, folders: tuple[str, ...]) -> Layer:
        """Return what lies below the configs of a folder, the environment's defaults included."""
        if folders not in self._finished:
            layer = self._defaults(folders)
            tree = layer.tree
            if self._environment is not None:
                tree = merge_layers(tree, self._environment) if tree else self._environment
            self._finished[folders] = Layer(tree, layer.problems)
        return self._finished[folders]

    def _defaults(self, folders: tuple[str, ...]) -> Layer:
        if folders not in self._layers:
            farther = self._defaults(folders[:-1]) if folders else Layer()
            own = self._read_defaults(folders)
            tree = (
                merge_layers(farther.tree, own.tree)
                if farther.tree and own.tree
                else own.tree or farther.tree
            )
            self._layers[folders] = Layer(tree, [*farther.problems, *own.problems])
        return self._layers[folders]

    def _read_defaults(self, folders: tuple[str, ...]) -> Layer:
        layer = Layer()
        files = find_config(self._configs_dir, (*folders, DEFAULTS))
        if not files:
            return layer
        path = "/".join((self._root, *folders, files[0].name))
        if len(files) > 1:
            layer.problems.append(twin_problem(path, files[1].name))
        layer.tree = self._read_layer(files[0], path, layer.problems)
        if layer.tree:
            layer.tree = self._check_defaults(layer.tree, layer.problems)
        return layer

    def _check_defaults(self, tree: Node, problems: list[Problem]) -> Node:
        """Check a layer by itself, so that a slip in it is told even where every pipeline overrides it."""
        if matrix := tree.entries.get("matrix"):
            message = "belongs into a pipeline's own config, not into defaults"
            problems.append(matrix.key_problem("misplaced-key", ("matrix",), message))
        tree = expand_short_forms(tree)
        resolved = choose_model_key(self.variables.awaiting_matrix().substitute(tree, (), problems))
        check_values(resolved, problems)
        validate(PipelineConfig, resolved, problems, partial=True)
        return tree

    def _read_layer(self, file: Path, path: str, problems: list[Problem]) -> Node | None:
        source = read_source(file, path, problems)
        return read_yaml(source, problems) if source else None

    def _read_environment(self, name: str) -> dict[str, Node]:
        files = (
            find_config(self._configs_dir, (ENVIRONMENTS, name)) if _ENVIRONMENT_NAME.fullmatch(name) else []
        )
        if not files:
            if name != LOCAL:
                self.problems.append(self._unknown_environment(name))
            return {}
        self.environment_path = f"{self._root}/{ENVIRONMENTS}/{files[0].name}"
        if len(files) > 1:
            self.problems.append(twin_problem(self.environment_path, files[1].name))
        tree = self._read_layer(files[0], self.environment_path, self.problems)
        if tree is None:
            return {}
        check_values(
            tree.with_value({key: node for key, node in tree.entries.items() if key != "defaults"}),
            self.problems,
        )
        validate(EnvironmentConfig, tree, self.problems)
        declared = tree.entries["vars"].entries if "vars" in tree.entries else {}
        self._environment = self._environment_defaults(tree, declared)
        return declared

    def _environment_defaults(self, tree: Node, declared: dict[str, Node]) -> Node | None:
        defaults = tree.entries.get("defaults")
        if defaults is None or not isinstance(defaults.value, dict):
            return None
        self.variables = Variables(declared, self.environment_path)
        return self._check_defaults(defaults, self.problems)

    def _unknown_environment(self, name: str) -> Problem:
        known = [file.stem for file in sorted((self._configs_dir / ENVIRONMENTS).glob("*.y*ml"))]
        message = f'there is no environment "{name}"{suggest_name(name, known)}'
        return Problem(f"{self._root}/{ENVIRONMENTS}", 1, 1, "", message, "unknown-environment")


def find_config(configs_dir: Path, parts: tuple[str, ...]) -> list[Path]:
    """Return the files of a path without suffix: one, none, or two of which one is too many."""
    stem = configs_dir.joinpath(*parts)
    return [file for suffix in SUFFIXES if (file := stem.with_name(stem.name + suffix)).exists()]


def twin_problem(path: str, twin: str) -> Problem:
    """Report two files of one name."""
    message = f"stands beside {twin}, and both would make the same pipelines; remove one"
    return Problem(path, 1, 1, "", message, "twin-files")
