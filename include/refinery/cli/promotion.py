"""``refinery promote`` and ``refinery rollback``: choose the latest model by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from refinery.cli import project
from refinery.cli.named_model import (
    DateArgument,
    DateOption,
    ModelArgument,
    S3Access,
    current_user,
    find_model,
    given_once,
    open_series,
)
from refinery.cli.run_params import ParamOption

ReasonOption = Annotated[
    str | None,
    typer.Option("--reason", "-r", metavar="TEXT", help="Why, for the history.", show_default=False),
]


def promote(  # noqa: PLR0917 - typer calls it by name
    model: ModelArgument,
    date: DateArgument = None,
    date_option: DateOption = None,
    reason: ReasonOption = None,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Make a model the latest, with your name and a reason in the history.

    Later runs with newer dates still become the latest; backfills of older dates do not. This also repairs a damaged latest.json.

    Example: `refinery promote petrol_consumption 2026-01-30 --reason "the newest one drifts"`
    """
    from refinery.registry import promote as promote_version

    named = find_model(model, given_once(date, date_option), environment, params)
    series = named.series
    if named.version is None:
        raise typer.BadParameter("name the model to promote by the date of its run", param_hint="DATE")
    with S3Access() as access:
        client = named.client(access)
        typer.echo(promote_version(series, named.version, by=current_user(), client=client, reason=reason))


def rollback(
    name: project.PipelineArgument,
    reason: ReasonOption = None,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Make the previous latest model the latest again; each rollback goes one model further back.

    Your name and the reason go into the history.

    Example: `refinery rollback petrol_consumption`
    """
    from refinery.registry import rollback as roll_back

    with open_series(project.read_pipeline(name, environment), params) as (series, client):
        typer.echo(roll_back(series, by=current_user(), client=client, reason=reason))
