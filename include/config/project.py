"""Load the pipelines of a project: one by its DAG id, or all with their problems."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from include.config.checks.model_modules import ModelModules, check_library_class
from include.config.checks.outputs import check_shared_outputs
from include.config.checks.required_metrics import check_required_metrics
from include.config.checks.unused_sections import check_unused_evaluation
from include.config.errors import ConfigError, UnknownPipelineError
from include.config.files import find_config, find_configs, show_path, twin_problem
from include.config.layers.environment import LOCAL
from include.config.layers.names import DEFAULTS, ENVIRONMENTS, split_dag_id
from include.config.layers.shared import SharedLayers
from include.config.pipeline import Pipeline, read_pipelines
from include.config.problems import Problem, has_errors, sort_problems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.config.checks.model_modules import CheckClass
    from include.config.text.node import Node


@dataclass(frozen=True, slots=True)
class Project:
    """What a folder of configs declares.

    Attributes:
        pipelines: Those without errors, sorted by DAG id.
        problems: Errors and warnings of all files, sorted by file and place.
    """

    pipelines: tuple[Pipeline, ...]
    problems: tuple[Problem, ...]


def load_pipeline(configs_dir: Path, dag_id: str, *, environment: str = LOCAL) -> Pipeline:
    """Load one pipeline; only its own config, the defaults above it and the environment are read.

    The model's module is not looked at and other configs are not compared with: this is what a task's start pays for, and
    load_project has done both when the DAG was made.

    Args:
        configs_dir: The folder of the configs.
        dag_id: The id of its DAG, as "team_a.churn__us".
        environment: The name of a file in configs/environments/.

    Raises:
        UnknownPipelineError: No config makes this id.
        ConfigError: The config has errors.
    """
    parts = split_dag_id(dag_id)
    files = find_config(configs_dir, parts) if parts and not _is_reserved(parts) else []
    if not files or parts is None:
        raise UnknownPipelineError(dag_id, configs_dir.name, tuple(_known_ids(configs_dir)))
    if len(files) > 1:
        raise ConfigError((twin_problem(show_path(configs_dir, files[0]), files[1].name),))
    pipelines, problems = read_pipelines(files[0], parts, SharedLayers(configs_dir, environment), only=dag_id)
    if has_errors(problems):
        raise ConfigError(sort_problems(problems))
    if not pipelines:
        raise UnknownPipelineError(dag_id, show_path(configs_dir, files[0]))
    return pipelines[0]


def load_project(
    configs_dir: Path, *, models_dir: Path, environment: str = LOCAL, check_class: CheckClass | None = None
) -> Project:
    """Load all pipelines; what is wrong with one keeps no other from being loaded.

    Args:
        configs_dir: The folder of the configs.
        models_dir: The folder of the model modules.
        environment: The name of a file in configs/environments/.
        check_class: Given a library class's path, its parameters and whether it shall learn batch by batch, says what its constructor has against them; a text
            that names a parameter in double quotes is shown at it. None where libraries must not be imported.
    """
    layers = SharedLayers(configs_dir, environment)
    modules = ModelModules(models_dir)

    def check(tree: Node) -> list[Problem]:
        found = modules.check(tree)
        if tree.entries.keys() & {"evaluate", "require"}:
            judges_itself = modules.judges_itself(tree)
            found += check_required_metrics(tree, judges_itself=judges_itself)
            found += check_unused_evaluation(tree, judges_itself=judges_itself)
        return [*found, *check_library_class(tree, check_class)] if check_class else found

    problems = list(layers.below(()).problems)
    pipelines: list[Pipeline] = []
    for config in find_configs(configs_dir, problems):
        if config.problem:
            problems.append(config.problem)
        else:
            loaded, found = read_pipelines(config.file, config.parts, layers, check=check)
            pipelines += loaded
            problems += found
    shared = check_shared_outputs(pipelines)
    problems += [*shared.values(), *_unused_variables(layers)]
    healthy = (pipeline for pipeline in pipelines if pipeline.dag_id not in shared)
    return Project(tuple(sorted(healthy, key=lambda pipeline: pipeline.dag_id)), sort_problems(problems))


def _unused_variables(layers: SharedLayers) -> Iterator[Problem]:
    for name, node in layers.environment.variables.declared.items():
        if name not in layers.environment.variables.used:
            problem = node.key_problem("unused-variable", ("vars", name), "no config uses it; remove it")
            yield replace(problem, severity="warning")


def _known_ids(configs_dir: Path) -> Iterator[str]:
    return (".".join(config.parts) for config in find_configs(configs_dir, []) if config.problem is None)


def _is_reserved(parts: tuple[str, ...]) -> bool:
    return parts[-1] == DEFAULTS or parts[0] == ENVIRONMENTS
