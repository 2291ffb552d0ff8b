"""``refinery predict``: a pipeline's model applied to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from include.cli import project
from include.cli.series import LATEST, VersionOption, open_series, version_named
from include.cli.terminal import write_csv


def predict(
    name: project.PipelineArgument,
    file: Annotated[
        Path,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="The rows, in a file laid out as the model's dataset; the target may be missing.",
            show_default=False,
        ),
    ],
    version: VersionOption = LATEST,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where predictions go, as CSV. Default: the terminal.")
    ] = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Predict each row of a file with a pipeline's latest model, or with the one of a date.

    The manifest of the latest model must be the one that was promoted, and the model's SHA-256 that of its manifest,
    before anything of it is run.

    Example: `./refinery predict petrol_consumption --input new_states.csv --out predictions.csv`
    """
    from include.registry import load_version

    pipeline = project.read_pipeline(name, environment)
    with open_series(pipeline) as (series, client):
        trusted = pipeline.config.model.trusted
        model = load_version(series, version_named(version), client=client, trusted=trusted)
    typer.echo(f"Predicted by {model.location}", err=True)
    write_csv(model.predict(file), out)
