"""What the commands share: the project that they work on, its configs, and their common arguments."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.errors import RefineryError
from refinery.project import ENVIRONMENT_VARIABLE, find_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from refinery.config import CheckClasses, Pipeline, Project, Readings

_FOLDERS = find_project()
PROJECT, CONFIGS, MODELS = _FOLDERS.root, _FOLDERS.configs, _FOLDERS.models
DEFAULT_ENVIRONMENT = _FOLDERS.environment
LIBRARIES = _FOLDERS.libraries
DEFAULT_CONNECTION = "aws_default"


def read_project(
    environment: str | None = None,
    *,
    check_classes: CheckClasses | None = None,
    readings: Readings | None = None,
    is_optional: bool = False,
) -> Project:
    """Read every config.

    Args:
        environment: The environment to read them for; by default the one that REFINERY_ENV names.
        check_classes: As for `refinery.config.load_project`.
        readings: As for `refinery.config.load_project`.
        is_optional: As for `refinery.config.load_project`.

    Raises:
        ConfigError: There is no such environment.
        EnvironmentNeededError: As for `refinery.config.load_project`.
    """
    from refinery.config import ConfigError, load_project

    with without_collecting_garbage():
        project = load_project(
            CONFIGS,
            models_dir=MODELS,
            environment=environment or DEFAULT_ENVIRONMENT,
            libraries=LIBRARIES,
            check_classes=check_classes,
            readings=readings,
            is_optional=is_optional,
        )
    unknown = tuple(problem for problem in project.problems if problem.code == "unknown-environment")
    if unknown:
        raise ConfigError(unknown)
    return project


@contextmanager
def without_collecting_garbage() -> Iterator[None]:
    """Let what is made here live until the command ends: looking for garbage among all values of all configs takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def read_pipeline(name: str, environment: str) -> Pipeline:
    """Read one pipeline.

    Raises:
        RefineryError: No config makes it, or its config has errors.
    """
    from refinery.config import UnknownPipelineError, load_pipeline

    try:
        return load_pipeline(CONFIGS, name, environment=environment)
    except UnknownPipelineError as error:
        # A matrix makes names that no file has, and none of its file's own name.
        made = {pipeline.dag_id for pipeline in read_project(environment).pipelines}
        files = {one.partition("__")[0] for one in made}
        known = sorted(made | (set(error.known) - files))
        raise RefineryError(f'There is no pipeline "{name}"{_suggest(name, known)}') from error


def _suggest(name: str, known: Sequence[str]) -> str:
    """Offer the pipelines whose name holds the one that was asked for, or the nearest."""
    from refinery.wording import list_names, suggest_name

    longer = [one for one in known if name in one]
    if not longer:
        return suggest_name(name, known)
    return f"; choose from {list_names(longer)}" if len(longer) > 1 else f'; did you mean "{longer[0]}"?'


def complete_pipeline(incomplete: str) -> list[str]:
    """Complete a pipeline's name in a shell."""
    names = (pipeline.dag_id for pipeline in read_project().pipelines)
    return [name for name in names if name.startswith(incomplete)]


def _complete_environment(incomplete: str) -> list[str]:
    found = {file.stem for file in (CONFIGS / "environments").glob("*.y*ml")} | {DEFAULT_ENVIRONMENT}
    return sorted(name for name in found if name.startswith(incomplete))


def as_pipeline(name: str | None) -> str | None:
    """Return a pipeline's name; the path of its config does as well, as a shell completes it."""
    from refinery.config import SUFFIXES, join_dag_id

    path = Path(name or "").absolute()
    if path.suffix not in SUFFIXES or not path.is_relative_to(CONFIGS):
        return name
    return join_dag_id(path.relative_to(CONFIGS).with_suffix("").parts)


def as_pipelines(names: list[str] | None) -> list[str] | None:
    """Do the same with several."""
    return [str(as_pipeline(name)) for name in names] if names else names


def parse_day(text: str) -> date:
    """Return the day that an option names."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise typer.BadParameter(
            f'"{text}" is not a date; write it as YYYY-MM-DD, such as 2026-01-31'
        ) from error


PipelineArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The pipeline: team_a.churn, or configs/team_a/churn.yml.",
        callback=as_pipeline,
        autocompletion=complete_pipeline,
        show_default=False,
    ),
]
OptionalPipelineArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A pipeline: team_a.churn, or configs/team_a/churn.yml.",
        callback=as_pipeline,
        autocompletion=complete_pipeline,
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
EveryEnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME",
        envvar=ENVIRONMENT_VARIABLE,
        help="The environment, a file of configs/environments/. Default: all of them.",
        autocompletion=_complete_environment,
        show_default=False,
    ),
]
ConnectionOption = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="The Airflow connection for S3. Default: the pipeline's, or aws_default.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
MarkdownOption = Annotated[bool, typer.Option("--md", help="Print Markdown, for pull requests.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="The port of the UI.")]
