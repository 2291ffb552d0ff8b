"""``refinery predict``: a pipeline's model applied to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from refinery.cli import project
from refinery.cli.named_model import (
    AllowOtherVersionsOption,
    DateArgument,
    DateOption,
    ModelArgument,
    S3Access,
    find_model,
    given_once,
    print_notes,
)
from refinery.cli.run_params import ParamOption
from refinery.cli.terminal import write_predictions

OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the rows with their predictions to this file; a suffix other than the input's selects that format. "
        "Default: print them.",
        show_default=False,
    ),
]
ProbaOption = Annotated[
    bool, typer.Option("--proba", help="Add a column for each class with its probability.")
]


def predict(  # noqa: PLR0917 - typer takes arguments by position
    model: ModelArgument,
    date: DateArgument = None,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="The rows, in a file with the columns of the model's dataset; the target may be missing.",
            show_default=False,
        ),
    ] = None,
    input_file: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="FILE", help="The file, as an option.", show_default=False),
    ] = None,
    date_option: DateOption = None,
    out: OutOption = None,
    proba: ProbaOption = False,
    *,
    allow_other_versions: AllowOtherVersionsOption = False,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Predict each row of a file.

    The output is the file, cell by cell, with the predictions as its last columns; outliers and clusters also have a
    score. Before anything in the model runs, its SHA-256 is checked against its manifest, and the manifest of a
    latest model against its promotion.

    Example: `refinery predict petrol_consumption new_states.csv --out predictions.csv`
    """
    if file is None and (input_file is None or (date and Path(date).is_file())):
        date, file = None, date  # a single word is the file
    rows = _existing(given_once(file, input_file, "FILE"))
    named = find_model(model, given_once(date, date_option), environment, params)
    with S3Access() as access:
        loaded = named.load(named.client(access), allow_other_versions=allow_other_versions)
    print_notes(loaded)
    typer.echo(f"Predicted by {loaded.location}", err=True)
    write_predictions(loaded.predict_rows(rows, probabilities=proba), out)


def _existing(file: str | None) -> Path:
    if file is None:
        raise typer.BadParameter("name the file of the rows, such as new.csv", param_hint="FILE")
    if not Path(file).is_file():
        raise typer.BadParameter(f'there is no file "{file}"', param_hint="FILE")
    return Path(file)
