"""The project that the command works on: the folder above the library, its configs and its models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from include.config import Pipeline, Project

PROJECT = Path(__file__).resolve().parents[2]
CONFIGS = PROJECT / "configs"
MODELS = PROJECT / "include" / "models"
ENVIRONMENT_VARIABLE = "REFINERY_ENV"
DEFAULT_ENVIRONMENT = "local"


def read_project(
    environment: str | None = None,
    *,
    check_class: Callable[[str, Mapping[str, Any], bool], list[str]] | None = None,
) -> Project:
    """Read every config.

    Args:
        environment: The environment to read them for; by default the one that REFINERY_ENV names.
        check_class: As of `include.config.load_project`.

    Raises:
        ConfigError: There is no such environment.
    """
    from include.config import ConfigError, load_project

    project = load_project(
        CONFIGS,
        models_dir=MODELS,
        environment=environment or default_environment(),
        check_class=check_class,
    )
    unknown = tuple(problem for problem in project.problems if problem.code == "unknown-environment")
    if unknown:
        raise ConfigError(unknown)
    return project


def read_pipeline(name: str, environment: str) -> Pipeline:
    """Read one pipeline.

    Raises:
        NoSuchPipelineError: No config makes it.
        ConfigError: Its config has errors.
    """
    from include.cli.errors import NoSuchPipelineError
    from include.config import UnknownPipelineError, load_pipeline

    try:
        return load_pipeline(CONFIGS, name, environment=environment)
    except UnknownPipelineError as error:
        # A matrix makes names that no file has, and none of its file's own name.
        made = {pipeline.dag_id for pipeline in read_project(environment).pipelines}
        files = {one.partition("__")[0] for one in made}
        raise NoSuchPipelineError(name, made | (set(error.known) - files)) from error


def default_environment() -> str:
    """Return the name of the environment that configs are read for."""
    return os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_ENVIRONMENT


def _complete_pipeline(incomplete: str) -> list[str]:
    names = (pipeline.dag_id for pipeline in read_project().pipelines)
    return [name for name in names if name.startswith(incomplete)]


def _complete_environment(incomplete: str) -> list[str]:
    found = {file.stem for file in (CONFIGS / "environments").glob("*.y*ml")} | {DEFAULT_ENVIRONMENT}
    return sorted(name for name in found if name.startswith(incomplete))


PipelineArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The pipeline, as wine_cultivar, or team_a.churn for configs/team_a/churn.yml.",
        autocompletion=_complete_pipeline,
        show_default=False,
    ),
]
EnvironmentOption = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="NAME",
        envvar=ENVIRONMENT_VARIABLE,
        help="The environment, a file of configs/environments/.",
        autocompletion=_complete_environment,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
