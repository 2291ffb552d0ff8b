"""A pipeline with a valid config."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.config.models.pipeline import PipelineConfig
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import SourceFile


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A pipeline with a valid config.

    Attributes:
        dag_id: The id of its DAG.
        path: Its config as people see it, such as "configs/team_a/churn.yml".
        text: The config as written.
        config: Its values, with all layers merged and all variables resolved.
        tags: The tags of its DAG: those of all layers, and its folders' names.
        matrix: The values of its combination of the matrix, by axis; empty without one.
        tree: The values with the places where they are written.
        layers: The files below the config, farthest first: defaults of the project and its folders, the environment.
    """

    dag_id: str
    path: str
    text: str
    config: PipelineConfig
    tags: tuple[str, ...]
    matrix: Mapping[str, Any]
    tree: Node = field(repr=False)
    layers: tuple[SourceFile, ...] = field(default=(), repr=False)
