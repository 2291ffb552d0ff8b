"""The layers below the pipelines of each folder: defaults and the environment, each file read once per load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.config.checks.expansion import Expansion
from refinery.config.files import find_config
from refinery.config.resolve.environment import read_environment
from refinery.config.resolve.layer import Layer, check_defaults, read_layer
from refinery.config.resolve.merging import merge_layers
from refinery.spec.names import DEFAULTS

if TYPE_CHECKING:
    from refinery.config.folder import ConfigFolder
    from refinery.config.readings import Readings
    from refinery.config.yaml.node import Node


class SharedLayers:
    """The layers of all folders under one environment.

    Attributes:
        environment: The environment.
        strays: The problems of files that are ignored because another one of their name is read; they affect no pipeline.
        expansion: What the configs above them have expanded to.
        folder: The folder of the configs.
        readings: What was read so far.
    """

    def __init__(self, folder: ConfigFolder, environment: str, readings: Readings) -> None:
        """Read the environment; defaults are read on first use.

        Args:
            folder: The folder of the configs.
            environment: The environment's name.
            readings: What was read so far.
        """
        self.environment = read_environment(folder, environment, readings)
        self.strays = list(self.environment.strays)
        self.expansion = Expansion()
        self.folder = folder
        self.readings = readings
        self._defaults: dict[tuple[str, ...], Layer] = {}
        self._whole: dict[tuple[str, ...], Layer] = {}

    def below(self, folders: tuple[str, ...]) -> Layer:
        """Return the layer below the configs of a folder, including the environment."""
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
            own = read_layer(self.folder, find_config(self.folder, (*folders, DEFAULTS)), self.readings)
            self.strays += own.strays
            if own.tree:
                own.tree = check_defaults(own.tree, self.environment.variables, own.problems)
            self.readings.forget(own.problems)
            self._defaults[folders] = Layer(
                _merge(farther.tree, own.tree),
                [*farther.problems, *own.problems],
                farther.sources + own.sources,
            )
        return self._defaults[folders]


def _merge(farther: Node | None, nearer: Node | None) -> Node | None:
    return merge_layers(farther, nearer) if farther and nearer else nearer or farther
