"""``refinery new``: a config for a dataset, proposed from its first megabytes."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.cli import project
from refinery.cli.table import print_table
from refinery.cli.terminal import is_terminal, use_color
from refinery.errors import RefineryError
from refinery.wording import command_line

if TYPE_CHECKING:
    from refinery.cli.proposal import Proposal
    from refinery.config import Project
    from refinery.training import DatasetProfile


def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The pipeline's name, such as churn or team_a/churn.", show_default=False
        ),
    ],
    *,
    source: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The dataset: an S3 or https URL, or a local file, which the embedded S3 server then serves.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="A module of include/models/, or a class. Default: one that suits the columns.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column to predict. Default: proposed.", show_default=False),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where models go. Default: s3://models/NAME/{{ ds }}/", show_default=False
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(help="A cron expression or a preset. Default: runs when triggered.", show_default=False),
    ] = None,
    connection: Annotated[
        str, typer.Option(metavar="ID", help="The Airflow connection for the dataset's bucket.")
    ] = project.DEFAULT_CONNECTION,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing config.")] = False,
) -> None:
    """Write a config for a dataset, proposed from its first megabytes.

    It proposes the target, the task, the columns and the options that reading the file takes; read the proposal before you
    commit it. In a terminal it asks for what no option says.

    Example: `refinery new team_a/churn --source s3://datasets/churn.csv --target churned`
    """
    from refinery.cli.dataset_sample import dataset_sample, to_url
    from refinery.cli.proposal import Proposal, propose_model
    from refinery.training import SourceOptions, profile_dataset

    path = _config_path(name, force=force)
    url = to_url(source, serve=True)
    with dataset_sample(url, connection) as sample:
        profile = profile_dataset(sample, SourceOptions())
    asks = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    if asks:
        _show(profile)
    target = _choose_target(profile, target, asks=asks)
    model = model or _ask("Model", propose_model(profile, target), asks=asks)
    schedule = schedule or _ask('Schedule, such as "@daily" (empty: when triggered)', "", asks=asks)
    proposal = Proposal(
        path=path,
        source=url,
        connection=None if connection == project.DEFAULT_CONNECTION else connection,
        profile=profile,
        target=target,
        model=model,
        output=output or f"s3://models/{path.with_suffix('')}/{{{{ ds }}}}/",
        schedule=schedule or None,
    )
    before = project.read_project()
    _write(proposal)
    _validate(proposal, before)


def _config_path(name: str, *, force: bool) -> PurePosixPath:
    """Return the config's path below configs/.

    Raises:
        RefineryError: No pipeline can have the name, or its config exists.
    """
    from refinery.config import DEFAULTS, ENVIRONMENTS, check_name

    path = PurePosixPath(name.removesuffix(".yml"))
    for part in path.parts:
        if problem := check_name(part):
            reason = problem if problem.startswith('"') else f"it {problem}"
            raise RefineryError(f'"{name}" cannot be the name of a pipeline: {reason}.')
    if not path.parts or path.name == DEFAULTS or path.parts[0] == ENVIRONMENTS:
        raise RefineryError(f'"{name}" cannot be the name of a pipeline: it has another meaning in configs/.')
    for suffix in (".yml", ".yaml"):
        if project.CONFIGS.joinpath(path).with_suffix(suffix).exists() and not (force and suffix == ".yml"):
            raise RefineryError(
                f"{project.CONFIGS.name}/{path}{suffix} exists. Choose another name, or replace it with --force."
            )
    return path.with_suffix(".yml")


def _show(profile: DatasetProfile) -> None:
    rows = [
        (column.name, column.kind, str(column.nulls or ""), str(column.distinct), ", ".join(column.examples))
        for column in profile.columns
    ]
    print_table(("column", "kind", "missing", "different", "such as"), rows)
    typer.echo()


def _choose_target(profile: DatasetProfile, target: str | None, *, asks: bool) -> str:
    from refinery.wording import suggest_name

    known = [column.name for column in profile.columns]
    chosen = target if target is not None else _ask("Target", profile.target, asks=asks)
    if chosen in known:
        return chosen
    problem = f'The dataset has no column "{chosen}"{suggest_name(chosen, known)}'
    if not asks or target is not None:
        raise RefineryError(problem)
    typer.echo(problem)
    return _choose_target(profile, None, asks=asks)


def _ask(question: str, proposed: str, *, asks: bool) -> str:
    answer: str = typer.prompt(question, default=proposed, show_default=bool(proposed)) if asks else proposed
    return answer


def _write(proposal: Proposal) -> None:
    from refinery.cli.proposal import write_config

    file = project.CONFIGS / Path(proposal.path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(write_config(proposal), "utf-8")
    typer.echo(f"{project.CONFIGS.name}/{proposal.path}")
    if is_terminal(sys.stdout):
        typer.echo(f"\n{file.read_text('utf-8')}")


def _validate(proposal: Proposal, before: Project) -> None:
    """Check the new config with the code that loads it, beside those that were there before, and say what to do next."""
    from refinery.cli.library_classes import check_library_class
    from refinery.config import render_problems
    from refinery.review import name_newcomers

    shown = f"{project.CONFIGS.name}/{proposal.path}"
    read = project.read_project(check_class=check_library_class)
    problems = [problem for problem in name_newcomers(before, read) if problem.path == shown]
    if problems:
        typer.echo(render_problems(problems, color=use_color(sys.stderr)), err=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)
    dag_id = ".".join(proposal.path.with_suffix("").parts)
    typer.echo(f"It is valid. Try it: {command_line(f'demo {dag_id}')}", err=True)
