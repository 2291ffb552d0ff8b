"""``refinery new``: a config for a dataset, proposed from its first megabytes."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.cli import project, reading_options
from refinery.cli.table import print_table
from refinery.cli.terminal import is_terminal, use_color
from refinery.errors import RefineryError
from refinery.wording import command_line, listed, quoted, shown

if TYPE_CHECKING:
    from refinery.cli.proposal import Proposal
    from refinery.config import Project
    from refinery.training import DatasetProfile, SourceOptions


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
            help="A module of include/models/, or a class. Default: one that fits the columns.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="The column to predict. Default: one that stands out.", show_default=False
        ),
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
    search: Annotated[
        bool,
        typer.Option(
            "--search", help="Propose a search: a linear model, and boosting with params to search for."
        ),
    ] = False,
    connection: Annotated[
        str, typer.Option(metavar="ID", help="The Airflow connection for the dataset's bucket.")
    ] = project.DEFAULT_CONNECTION,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing config.")] = False,
    file_format: reading_options.FormatOption = None,
    separator: reading_options.SeparatorOption = None,
    decimal: reading_options.DecimalOption = None,
    thousands: reading_options.ThousandsOption = None,
    encoding: reading_options.EncodingOption = None,
    quote: reading_options.QuoteOption = None,
    header: reading_options.HeaderOption = None,
) -> None:
    """Write a config for a dataset, proposed from its first megabytes.

    It proposes the target, the task, the columns and the options for reading the file; check the proposal before you
    commit it. In a terminal, it asks for what it cannot decide. If no column stands out as the target, name it with
    --target.

    Example: `refinery new team_a/churn --source s3://datasets/churn.csv --target churned`
    """
    from refinery.cli.dataset_sample import to_url
    from refinery.cli.proposal import Proposal, propose_model, propose_searched

    if search and model:
        raise typer.BadParameter(
            "a search proposes its own candidates; leave out --model", param_hint="--search"
        )
    path = _config_path(name, force=force)
    url = to_url(source, serve=True)
    given = {
        "format": file_format,
        "separator": separator,
        "decimal": decimal,
        "thousands": thousands,
        "encoding": encoding,
        "quote": quote,
        "header": header,
    }
    profile = _profile(url, connection, reading_options.to_source_options(url, given), target)
    asks = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    if asks:
        _show(profile)
    target = _choose_target(profile, target, asks=asks)
    if search:
        model = propose_searched(profile, target, project.LIBRARIES)
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
        searches=search,
    )
    before = project.read_project()
    _write(proposal)
    _validate(proposal, before)


def _profile(url: str, connection: str, options: SourceOptions, target: str | None) -> DatasetProfile:
    """Look at the dataset, and say which of the given options it was not read with."""
    from refinery.cli.dataset_sample import dataset_sample
    from refinery.training import profile_dataset
    from refinery.training.errors import DatasetError

    with dataset_sample(url, connection) as sample:
        try:
            profile = profile_dataset(sample, options, target=target)
        except DatasetError as error:
            raise RefineryError(reading_options.name_as_options(str(error))) from error
    for name, value in options.to_dict().items():
        if (found := getattr(profile.options, name)) != value:
            typed = reading_options.as_typed(name, value)
            typer.echo(f"{typed} does not fit the file; proposed is {shown(found)}.", err=True)
    return profile


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
    """Return the given target, or the proposed one, and say why.

    Raises:
        RefineryError: The dataset has no such column, or nobody can be asked which one it is.
    """
    from refinery.wording import suggest_name

    known = [column.name for column in profile.columns]
    proposed = profile.target
    if target is None:
        if proposed.column is not None:
            typer.echo(f"Target: {quoted(proposed.column)}, because of {proposed.reason}.", err=True)
        elif asks:
            typer.echo(f"{proposed.reason}.", err=True)
        else:
            raise RefineryError(f"{proposed.reason}. Name it with --target: {listed(proposed.others)}.")
    chosen = target
    while chosen not in known:
        if chosen is not None:
            problem = f'The dataset has no column "{chosen}"{suggest_name(chosen, known)}'
            if target is not None:
                raise RefineryError(problem)
            typer.echo(problem)
        chosen = typer.prompt("Target", default=proposed.column) if asks else proposed.column
    return str(chosen)


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
    from refinery.cli.library_classes import check_library_classes
    from refinery.config import render_problems
    from refinery.review import name_newcomers

    shown = f"{project.CONFIGS.name}/{proposal.path}"
    read = project.read_project(check_classes=check_library_classes)
    problems = [problem for problem in name_newcomers(before, read) if problem.path == shown]
    if problems:
        typer.echo(render_problems(problems, color=use_color(sys.stderr)), err=True)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(1)
    dag_id = ".".join(proposal.path.with_suffix("").parts)
    typer.echo(f"It is valid. Try it: {command_line(f'demo {dag_id}')}", err=True)
