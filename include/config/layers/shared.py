"""What lies below the pipelines of each folder: defaults and the environment, each file read once in a load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.config.files import find_config
from include.config.layers.environment import read_environment
from include.config.layers.layer import Layer, check_defaults, read_layer
from include.config.layers.merging import merge_layers
from include.config.layers.names import DEFAULTS

if TYPE_CHECKING:
    from pathlib import Path

    from include.config.text.node import Node


class SharedLayers:
    """The layers of all folders under one environment.

    Attributes:
        environment: The environment.
    """

    def __init__(self, configs_dir: Path, environment: str) -> None:
        """Read the environment; defaults are read when they are first asked for.

        Args:
            configs_dir: The folder of the configs.
            environment: The environment's name.
        """
        self.environment = read_environment(configs_dir, environment)
        self._configs_dir = configs_dir
        self._defaults: dict[tuple[str, ...], Layer] = {}
        self._whole: dict[tuple[str, ...], Layer] = {}

    def below(self, folders: tuple[str, ...]) -> Layer:
        """Return what lies below the configs of a folder, the environment included."""
        if folders not in self._whole:
            defaults = self._defaults_of(folders)
            self._whole[folders] = Layer(
                _merge(defaults.tree, self.environment.defaults),
                [*self.environment.problems, *defaults.problems],
                defaults.sources + self.environment.sources,
            )
        return self._whole[folders]

    def _defaults_of(self, folders: tuple[str, ...]) -> Layer:
        if folders not in self._defaults:
            farther = self._defaults_of(folders[:-1]) if folders else Layer()
            own = read_layer(self._configs_dir, find_config(self._configs_dir, (*folders, DEFAULTS)))
            if own.tree:
                own.tree = check_defaults(own.tree, self.environment.variables, own.problems)
            self._defaults[folders] = Layer(
                _merge(farther.tree, own.tree),
                [*farther.problems, *own.problems],
                farther.sources + own.sources,
            )
        return self._defaults[folders]


def _merge(farther: Node | None, nearer: Node | None) -> Node | None:
    return merge_layers(farther, nearer) if farther and nearer else nearer or farther
