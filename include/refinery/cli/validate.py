"""``refinery validate``: every problem of every config, with its place."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from refinery.cli import project
from refinery.cli.terminal import use_color
from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refinery.config import Pipeline, Problem, Project

Format = Literal["text", "json", "github"]


def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="NAME",
            help="What to report on: pipelines, configs or folders. Default: all of configs/.",
            show_default=False,
        ),
    ] = None,
    environment: project.EveryEnvironmentOption = None,
    form: Annotated[
        Format,
        typer.Option("--format", help="text for people, json for programs, github for annotations."),
    ] = "text",
) -> None:
    """Check configs in every environment, and show each problem with its line and how to fix it.

    It runs the same checks as the loader in Airflow, without starting Airflow. It reads every config even if it reports
    only some, since pipelines may conflict with each other. Exit status 1 if there are errors.

    Example: `refinery validate configs/team_a --env production --format github`
    """
    from refinery.config import merge_problems

    read = _read_environments(environment)
    is_chosen = _chooser(files)
    found = merge_problems({name: one.problems for name, one in read.items()})
    problems = [problem for problem in found if is_chosen(problem.path, shared=True)]
    healthy = [{pipeline.dag_id: pipeline for pipeline in one.pipelines} for one in read.values()]
    pipelines = [
        pipeline
        for dag_id, pipeline in healthy[0].items()
        if all(dag_id in one for one in healthy) and is_chosen(pipeline.path, shared=False)
    ]
    if report := _report(problems, form):
        typer.echo(report)
    typer.echo(_summary(pipelines, problems), err=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


def _read_environments(environment: str | None) -> dict[str, Project]:
    """Read every config for each environment, or for the one that is given."""
    from refinery.cli.library_classes import check_library_classes
    from refinery.config import LOCAL, EnvironmentNeededError, Readings, find_environments
    from refinery.config.secret_detectors import detect_tokens

    names = (environment,) if environment else find_environments(project.CONFIGS)
    has_local = any((project.CONFIGS / "environments").glob(f"{LOCAL}.y*ml"))
    readings = Readings(detect_tokens)
    read = {}
    for name in names:
        is_optional = len(names) > 1 and name == LOCAL and not has_local
        with suppress(EnvironmentNeededError):  # nobody runs configs so
            read[name] = project.read_project(
                name, check_classes=check_library_classes, readings=readings, is_optional=is_optional
            )
    return read


def _chooser(files: Sequence[Path] | None) -> Callable[..., bool]:
    """Return the function that decides whether a path is reported on."""
    chosen = [_shown(file) for file in files or ()]

    def is_chosen(path: str, *, shared: bool) -> bool:
        place = PurePosixPath(path)
        return not chosen or any(
            place.is_relative_to(one) or (shared and _lies_below(one, place)) for one in chosen
        )

    return is_chosen


def _shown(file: Path) -> PurePosixPath:
    """Return a file's path as problems show it; a pipeline's name stands for its config."""
    if not file.exists():
        file = _config_of(str(file))
    root = project.CONFIGS.resolve()
    if not file.resolve().is_relative_to(root):
        raise RefineryError(f"{file} is not in {project.CONFIGS.name}/.")
    return PurePosixPath(project.CONFIGS.name) / file.resolve().relative_to(root).as_posix()


def _config_of(name: str) -> Path:
    """Return the config that makes the pipeline of this name.

    Raises:
        RefineryError: There is none.
    """
    from refinery.config import SUFFIXES, split_dag_id

    parts = split_dag_id(name) or ()
    files = [Path(project.CONFIGS, *parts).with_suffix(suffix) for suffix in SUFFIXES] if parts else []
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise RefineryError(
            f"{name} is not a pipeline, and not a file or a folder in {project.CONFIGS.name}/."
        )
    return found


def _lies_below(config: PurePosixPath, layer: PurePosixPath) -> bool:
    """Return whether a layer's values go into a config, so that its errors keep the config from loading."""
    is_environment = layer.parts[1:2] == ("environments",)
    return is_environment or (layer.stem == "defaults" and config.is_relative_to(layer.parent))


def _report(problems: Sequence[Problem], form: Format) -> str:
    from refinery.config import problems_as_github, problems_as_json, render_problems

    match form:
        case "json":
            return json.dumps(problems_as_json(problems), indent=2, ensure_ascii=False)
        case "github":
            return problems_as_github(problems)
        case "text":
            return render_problems(problems, color=use_color(sys.stdout))


def _summary(pipelines: Sequence[Pipeline], problems: Sequence[Problem]) -> str:
    counts = {
        "error": sum(problem.severity == "error" for problem in problems),
        "warning": sum(problem.severity == "warning" for problem in problems),
    }
    found = [_count(number, what) for what, number in counts.items() if number]
    ready = f"{_count(len(pipelines), 'pipeline')} without errors"
    if not found:
        return f"{_count(len(pipelines), 'pipeline')}, no problems"
    return f"{' and '.join(found)} in {_count(len({problem.path for problem in problems}), 'file')}; {ready}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
