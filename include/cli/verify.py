"""``refinery verify``: a model made again from its manifest."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from include.cli.project import PROJECT
from include.cli.series import S3Access


def verify(
    location: Annotated[
        str, typer.Argument(metavar="S3_PREFIX", help="The model's prefix.", show_default=False)
    ],
    connection: Annotated[
        str, typer.Option(metavar="ID", help="The Airflow connection for the model's bucket and the dataset.")
    ] = "aws_default",
) -> None:
    """Make a model again from its manifest and compare the SHA-256; where it differs, say which input does.

    Its dataset is downloaded anew, and its module is run. Exit status 1 when other bytes come out.

    Example: `./refinery verify s3://models/petrol_consumption/2026-01-31/`
    """
    from include.registry import verify as verify_model
    from include.urls import parse_prefix_url

    prefix = parse_prefix_url(location)
    with S3Access() as access:
        client_of = partial(access.client, connection=connection)
        found = verify_model(prefix, client=client_of(prefix), s3=client_of, project=PROJECT)
    typer.echo(found)
    if not found.is_reproduced:
        raise typer.Exit(1)
