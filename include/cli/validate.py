"""``refinery validate``: every problem of every config, with its place."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from include.cli import project
from include.cli.errors import NotAConfigError
from include.cli.terminal import use_color

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.config import Pipeline, Problem

Format = Literal["text", "json", "github", "sarif"]


def validate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Configs or folders to report on. Default: all of configs/.", show_default=False),
    ] = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="text for people, json, github for annotations, sarif for code scanning."
        ),
    ] = "text",
) -> None:
    """Check configs, and show every problem with its line and a way to mend it.

    The code is the one that loads configs into Airflow, and Airflow itself is not started. All configs are read even where
    only some are reported on, since pipelines may be at odds with each other. Exit status 1 if there are errors.

    Example: `./refinery validate configs/team_a --env production --format github`
    """
    from include.cli.library_classes import check_library_class

    read = project.read_project(environment, check_class=check_library_class)
    is_chosen = _chooser(files)
    problems = [problem for problem in read.problems if is_chosen(problem.path, shared=True)]
    pipelines = [pipeline for pipeline in read.pipelines if is_chosen(pipeline.path, shared=False)]
    if report := _report(problems, form):
        typer.echo(report)
    typer.echo(_summary(pipelines, problems), err=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)


def _chooser(files: Sequence[Path] | None) -> Callable[..., bool]:
    """Make the function that tells whether a path is reported on."""
    chosen = [_shown(file) for file in files or ()]

    def is_chosen(path: str, *, shared: bool) -> bool:
        place = PurePosixPath(path)
        return not chosen or any(
            place.is_relative_to(one) or (shared and _lies_below(one, place)) for one in chosen
        )

    return is_chosen


def _shown(file: Path) -> PurePosixPath:
    """Return a file's path as problems show it."""
    if not file.exists():
        raise NotAConfigError(file, f"does not exist{_offer_config(file.name) or '.'}")
    root = project.CONFIGS.resolve()
    if not file.resolve().is_relative_to(root):
        raise NotAConfigError(file, f"is not in {project.CONFIGS.name}/.")
    return PurePosixPath(project.CONFIGS.name) / file.resolve().relative_to(root).as_posix()


def _offer_config(name: str) -> str:
    """Name the config that makes a pipeline of this name, since other commands take pipelines and this one takes files."""
    from include.config.layers.names import SUFFIXES, split_dag_id

    parts = split_dag_id(name) or ()
    files = [Path(project.CONFIGS, *parts).with_suffix(suffix) for suffix in SUFFIXES] if parts else []
    found = next((file for file in files if file.is_file()), None)
    return f"; did you mean {_shown(found)}?" if found else ""


def _lies_below(config: PurePosixPath, layer: PurePosixPath) -> bool:
    """Tell whether a layer's values go into a config, so that its errors keep the config from being loaded."""
    is_environment = layer.parts[1:2] == ("environments",)
    return is_environment or (layer.stem == "defaults" and config.is_relative_to(layer.parent))


def _report(problems: Sequence[Problem], form: Format) -> str:
    from include.config import problems_as_github, problems_as_json, problems_as_sarif, render_problems

    match form:
        case "json":
            return json.dumps(problems_as_json(problems), indent=2, ensure_ascii=False)
        case "sarif":
            return json.dumps(problems_as_sarif(problems), indent=2, ensure_ascii=False)
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
