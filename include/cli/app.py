"""The refinery command and its subcommands."""

from __future__ import annotations

import sys

import typer

from include.cli.demo import demo
from include.cli.load import load
from include.cli.stack import down, up
from include.errors import RefineryError

app = typer.Typer(
    name="refinery",
    help="Machine-learning training pipelines as reviewed YAML, on Apache Airflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, up, down, load):
    app.command()(command)


def main() -> None:
    """Run the command line; an error that the user can act on is one message and exit status 1."""
    try:
        app()
    except RefineryError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(1)
