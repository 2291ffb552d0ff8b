"""``refinery verify``: a model made again from its manifest."""

from __future__ import annotations

from functools import partial

import typer

from refinery.cli import project
from refinery.cli.named_model import DateArgument, DateOption, ModelArgument, S3Access, find_model, given_once
from refinery.cli.run_params import ParamOption


def verify(
    model: ModelArgument,
    date: DateArgument = None,
    date_option: DateOption = None,
    connection: project.ConnectionOption = None,
    *,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Train a model again from its manifest and compare the SHA-256; if it differs, name the input that changed.

    This downloads the dataset again and runs the model's code. Exit status 1 if the bytes differ.

    Example: `refinery verify petrol_consumption 2026-01-31`
    """
    from refinery.registry import verify as verify_model

    named = find_model(model, given_once(date, date_option), environment, params)
    with S3Access() as access:
        client_of = partial(access.client, connection=connection or named.connection)
        client = client_of(named.url)
        prefix = named.prefix or named.manifest(client).prefix
        found = verify_model(prefix, client=client, s3=client_of, project=project.PROJECT)
    typer.echo(found)
    if not found.is_reproduced:
        raise typer.Exit(1)
