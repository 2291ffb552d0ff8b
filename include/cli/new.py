"""``refinery new``: a config for a dataset, proposed from a look at it."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import project
from include.cli.errors import BadNameError, ConfigExistsError, NoSuchColumnError
from include.cli.terminal import is_terminal, print_table, use_color

if TYPE_CHECKING:
    from include.cli.proposal import Proposal
    from include.training import DatasetProfile

DEFAULT_CONNECTION = "aws_default"


def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The pipeline's name, as churn or team_a/churn.", show_default=False
        ),
    ],
    *,
    source: Annotated[
        str, typer.Option(metavar="URL", help="The dataset: an S3 or https URL.", show_default=False)
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
        str | None, typer.Option(metavar="URL", help="Where models go. Default: s3://models/NAME/{{ ds }}/")
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(help="A cron expression or a preset. Default: runs when triggered.", show_default=False),
    ] = None,
    connection: Annotated[
        str, typer.Option(help="The Airflow connection for the dataset's bucket.")
    ] = DEFAULT_CONNECTION,
    force: Annotated[bool, typer.Option("--force", help="Replace a config that is there.")] = False,
) -> None:
    """Write a config for a dataset, from a look at its first megabytes.

    Target, task and columns are proposed, with the options that reading the file takes; look at the proposal before you
    commit it. In a terminal you are asked, unless an option has told already.

    Example: `./refinery new team_a/churn --source s3://datasets/churn.csv --target churned`
    """
    from include.cli.dataset_sample import as_url, dataset_sample
    from include.cli.proposal import Proposal, propose_model
    from include.training import SourceOptions, profile_dataset

    path = _config_path(name, force=force)
    url = as_url(source)
    with dataset_sample(url, connection) as sample:
        profile = profile_dataset(sample, SourceOptions())
    asks = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    if asks:
        _show(profile)
    target = _choose_target(profile, target, asks=asks)
    model = model or _ask("Model", propose_model(profile, target), asks=asks)
    schedule = schedule or _ask('Schedule, as "@daily" (empty: when triggered)', "", asks=asks)
    proposal = Proposal(
        path=path,
        source=url,
        connection=None if connection == DEFAULT_CONNECTION else connection,
        profile=profile,
        target=target,
        model=model,
        output=output or f"s3://models/{path.with_suffix('')}/{{{{ ds }}}}/",
        schedule=schedule or None,
    )
    _write(proposal)
    _validate(proposal)


def _config_path(name: str, *, force: bool) -> PurePosixPath:
    """Return the config's path below configs/."""
    from include.config.layers.names import DEFAULTS, ENVIRONMENTS, check_name

    path = PurePosixPath(name.removesuffix(".yml"))
    for part in path.parts:
        if problem := check_name(part):
            raise BadNameError(name, problem if problem.startswith('"') else f"it {problem}")
    if not path.parts or path.name == DEFAULTS or path.parts[0] == ENVIRONMENTS:
        raise BadNameError(name, "it means something else in configs/")
    for suffix in (".yml", ".yaml"):
        if project.CONFIGS.joinpath(path).with_suffix(suffix).exists() and not (force and suffix == ".yml"):
            raise ConfigExistsError(f"{project.CONFIGS.name}/{path}{suffix}")
    return path.with_suffix(".yml")


def _show(profile: DatasetProfile) -> None:
    rows = [
        (column.name, column.kind, str(column.nulls or ""), str(column.distinct), ", ".join(column.examples))
        for column in profile.columns
    ]
    print_table(("column", "kind", "missing", "different", "as"), rows)
    typer.echo()


def _choose_target(profile: DatasetProfile, target: str | None, *, asks: bool) -> str:
    known = [column.name for column in profile.columns]
    chosen = target if target is not None else _ask("Target", profile.target, asks=asks)
    if chosen in known:
        return chosen
    error = NoSuchColumnError(chosen, known)
    if not asks or target is not None:
        raise error
    typer.echo(error)
    return _choose_target(profile, None, asks=asks)


def _ask(question: str, proposed: str, *, asks: bool) -> str:
    answer: str = typer.prompt(question, default=proposed, show_default=bool(proposed)) if asks else proposed
    return answer


def _write(proposal: Proposal) -> None:
    from include.cli.proposal import write_config

    file = project.CONFIGS / Path(proposal.path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(write_config(proposal), "utf-8")
    typer.echo(f"{project.CONFIGS.name}/{proposal.path}")
    if is_terminal(sys.stdout):
        typer.echo(f"\n{file.read_text('utf-8')}")


def _validate(proposal: Proposal) -> None:
    """Check the new config by the code that loads it, and say how to go on."""
    from include.cli.library_classes import check_library_class
    from include.config import render_problems

    shown = f"{project.CONFIGS.name}/{proposal.path}"
    read = project.read_project(check_class=check_library_class)
    problems = [problem for problem in read.problems if problem.path == shown]
    if problems:
        typer.echo(render_problems(problems, color=use_color(sys.stderr)), err=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)
    dag_id = ".".join(proposal.path.with_suffix("").parts)
    typer.echo(f"It is valid. Try it: ./refinery demo {dag_id}", err=True)
