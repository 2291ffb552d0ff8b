"""``refinery promote`` and ``refinery rollback``: which model is the latest, by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli import project
from include.cli.series import open_series, who


def promote(
    name: project.PipelineArgument,
    version: Annotated[
        str, typer.Argument(metavar="DATE", help="The model, by the date of its run.", show_default=False)
    ],
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Make a model the latest, with your name in the history.

    Newer runs become the latest after it, as ever; backfills of older dates do not. A damaged latest.json is mended by this.

    Example: `./refinery promote petrol_consumption 2026-01-30`
    """
    from include.registry import promote as promote_version

    with open_series(project.read_pipeline(name, environment)) as (series, client):
        typer.echo(promote_version(series, version, by=who(), client=client))


def rollback(
    name: project.PipelineArgument,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Make the model the latest that was so before, with your name in the history; again, and it goes one further back.

    Example: `./refinery rollback petrol_consumption`
    """
    from include.registry import rollback as roll_back

    with open_series(project.read_pipeline(name, environment)) as (series, client):
        typer.echo(roll_back(series, by=who(), client=client))
