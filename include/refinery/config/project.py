"""Load the pipelines of a project: one by its DAG id, or all with their problems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from refinery.config.checks.asset_circles import check_asset_circles
from refinery.config.checks.evaluation import check_required_metrics, check_unused_evaluation
from refinery.config.checks.model_modules import ModelModules, check_libraries, check_search
from refinery.config.checks.outputs import check_shared_outputs
from refinery.config.environments import needs_environment
from refinery.config.errors import ConfigError, UnknownPipelineError
from refinery.config.files import find_config, find_configs, find_environment_files, twin_problem
from refinery.config.folder import DiskFolder, show_path
from refinery.config.problems import Problem, has_errors, sort_problems
from refinery.config.read import choose_file, read_pipelines
from refinery.config.readings import Readings
from refinery.config.resolve.environment import LOCAL
from refinery.config.resolve.layer import read_layer
from refinery.config.resolve.shared import SharedLayers
from refinery.spec.libraries import ALLOWED_LIBRARIES
from refinery.spec.names import DEFAULTS, ENVIRONMENTS, split_dag_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from refinery.config.checks.model_modules import CheckClasses
    from refinery.config.files import ConfigFile
    from refinery.config.folder import ConfigFolder
    from refinery.config.pipeline import Pipeline
    from refinery.config.read import Check, ReadConfig
    from refinery.config.yaml.node import Node
    from refinery.config.yaml.source_file import FindSecrets


@dataclass(frozen=True, slots=True)
class Project:
    """What a folder of configs defines.

    Attributes:
        pipelines: The valid ones, sorted by DAG id.
        problems: Errors and warnings of all files, sorted by file and place.
        incomplete: The DAG ids of those that have errors and were made without the keys that are wrong.
        configs: What was read of each config, by its path without suffix.
    """

    pipelines: tuple[Pipeline, ...]
    problems: tuple[Problem, ...]
    incomplete: frozenset[str] = frozenset()
    configs: Mapping[tuple[str, ...], ReadConfig] = field(default_factory=dict, repr=False, compare=False)


class EnvironmentNeededError(Exception):
    """Configs that are read without the file of an environment use variables that only such a file declares."""


def load_pipeline(configs_dir: Path, dag_id: str, *, environment: str = LOCAL) -> Pipeline:
    """Load one pipeline, reading only its own config, the defaults above it and the environment.

    It neither checks the model's module nor compares configs: this runs whenever a task starts, and load_project did both when
    the DAG was made.

    Args:
        configs_dir: The folder of the configs.
        dag_id: The id of its DAG, such as "team_a.churn__us".
        environment: The name of a file in configs/environments/.

    Raises:
        UnknownPipelineError: No config defines this id.
        ConfigError: The config has errors.
    """
    parts = split_dag_id(dag_id)
    folder = DiskFolder(configs_dir)
    files = find_config(folder, parts) if parts and not _is_reserved(parts) else []
    if not files or parts is None:
        raise UnknownPipelineError(dag_id, configs_dir.name, tuple(_known_ids(folder)))
    layers = SharedLayers(folder, environment, Readings())
    file = choose_file(files, parts, layers)
    read = read_pipelines(file, parts, layers, only=dag_id)
    if has_errors(read.problems):
        raise ConfigError(sort_problems(read.problems))
    if not read.pipelines:
        raise UnknownPipelineError(dag_id, show_path(folder, file))
    return read.pipelines[0]


def load_project(
    configs: Path | ConfigFolder,
    *,
    models_dir: Path,
    environment: str = LOCAL,
    libraries: Sequence[str] = ALLOWED_LIBRARIES,
    check_classes: CheckClasses | None = None,
    detect: FindSecrets | None = None,
    with_errors: bool = False,
    readings: Readings | None = None,
    former: Project | None = None,
    is_optional: bool = False,
) -> Project:
    """Load all pipelines; an invalid one does not keep others from being loaded.

    Args:
        configs: The folder of the configs.
        models_dir: The folder of the model modules.
        environment: The name of a file in configs/environments/.
        libraries: The libraries whose classes configs may name.
        check_classes: Takes the path and the parameters of each library class of a model, and whether it is fitted incrementally, and
            returns what is wrong with each; a text that names a parameter in double quotes is shown at it. None if libraries must not
            be imported.
        detect: Finds further secrets in a text, and has the files of all environments searched; None while a DAG file is
            parsed.
        with_errors: Whether to make pipelines of invalid configs too, without the keys that are wrong: to compare with, never to run.
        readings: What loads of other environments and versions have read, so that no text is parsed twice; they have a `detect` themselves.
        former: Another version, loaded for the same environment with these readings: its pipelines are taken where the texts that they
            are made of are the same.
        is_optional: Whether to give up once it is clear that the configs need an environment.

    Raises:
        EnvironmentNeededError: They do, and `is_optional`.
    """
    folder = DiskFolder(configs) if isinstance(configs, Path) else configs
    layers = SharedLayers(folder, environment, readings or Readings(detect))
    modules = ModelModules(models_dir)

    def check(tree: Node) -> list[Problem]:
        found = modules.check(tree)
        if tree.entries.keys() & {"evaluate", "require"}:
            judges_itself = modules.judges_itself(tree)
            found += check_required_metrics(tree, judges_itself=judges_itself)
            found += check_unused_evaluation(tree, judges_itself=judges_itself)
        return [*found, *check_search(tree), *check_libraries(tree, libraries, check_classes)]

    problems = list(layers.below(()).problems)
    if layers.readings.detect:
        problems += _secrets_of_other_environments(layers, environment)
    read: dict[tuple[str, ...], ReadConfig] = {}
    for config in find_configs(folder, problems):
        if config.problem:
            problems.append(config.problem)
            continue
        try:
            one = _take_over(config, layers, check, former) or _read_config(
                config, layers, check, with_errors=with_errors
            )
        except Exception as error:  # noqa: BLE001 - a bug in Refinery must not hide the other configs
            problems.append(_unforeseen(show_path(folder, config.files[0]), error))
            continue
        if is_optional and needs_environment(one.problems):
            raise EnvironmentNeededError
        read[config.parts] = one
        problems += one.problems
    pipelines = [pipeline for one in read.values() for pipeline in one.pipelines]
    wrong = {
        pipeline.dag_id
        for one in read.values()
        if one.problems and has_errors(one.problems)
        for pipeline in one.pipelines
    }
    at_odds = {**check_asset_circles(pipelines), **check_shared_outputs(pipelines)}
    problems += [*at_odds.values(), *layers.strays, *_unused_variables(layers)]
    healthy = (pipeline for pipeline in pipelines if with_errors or pipeline.dag_id not in at_odds)
    return Project(
        tuple(sorted(healthy, key=lambda pipeline: pipeline.dag_id)),
        sort_problems(problems),
        frozenset(wrong),
        read,
    )


def _take_over(
    config: ConfigFile, layers: SharedLayers, check: Check, former: Project | None
) -> ReadConfig | None:
    """Return what a former version has of a config, if it was healthy there and nothing that it is made of has changed."""
    known = former.configs.get(config.parts) if former else None
    if known is None or known.problems or len(config.files) > 1:
        return None
    source = layers.readings.read(layers.folder, config.files[0], []).source
    below = layers.below(config.parts[:-1])
    if not known.is_still(source, below.sources):
        return None
    # A model's module is not part of a pipeline, but may no longer fit to it.
    if any(problem for pipeline in known.pipelines for problem in check(pipeline.tree)):
        return None
    if not layers.expansion.add_known(known.size):
        return None
    layers.environment.variables.used |= known.used
    return known


def _read_config(config: ConfigFile, layers: SharedLayers, check: Check, *, with_errors: bool) -> ReadConfig:
    file = choose_file(config.files, config.parts, layers)
    read = read_pipelines(file, config.parts, layers, check=check, with_errors=with_errors)
    loaded = file.rpartition("/")[2]
    twins = (show_path(layers.folder, twin) for twin in config.files if twin != file)
    return replace(read, problems=[*read.problems, *(twin_problem(twin, loaded) for twin in twins)])


def _unforeseen(path: str, error: Exception) -> Problem:
    """Return the problem of a config that Refinery fails on; only the error's type is shown, since its text may quote any value."""
    message = f"cannot be checked: Refinery failed on it ({type(error).__name__}), which is a bug in Refinery; please report it"
    return Problem(path, 1, 1, "", message, "unforeseen")


def _secrets_of_other_environments(layers: SharedLayers, environment: str) -> Iterator[Problem]:
    """Find secrets in the files of other environments: they are in git as well."""
    for file in find_environment_files(layers.folder):
        if PurePosixPath(file).stem != environment:
            found = read_layer(layers.folder, [file], layers.readings).problems
            yield from (problem for problem in found if problem.code == "secret")


def _unused_variables(layers: SharedLayers) -> Iterator[Problem]:
    for name, node in layers.environment.variables.declared.items():
        if name not in layers.environment.variables.used:
            problem = node.key_problem("unused-variable", ("vars", name), "no config uses it; remove it")
            yield replace(problem, severity="warning")


def _known_ids(folder: ConfigFolder) -> Iterator[str]:
    return (".".join(config.parts) for config in find_configs(folder, []) if config.problem is None)


def _is_reserved(parts: tuple[str, ...]) -> bool:
    return parts[-1] == DEFAULTS or parts[0] == ENVIRONMENTS
