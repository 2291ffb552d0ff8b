"""The refinery command and its subcommands."""

from __future__ import annotations

import sys
from functools import partial

import typer

from include.cli.card import card
from include.cli.cluster import cluster
from include.cli.compare import compare
from include.cli.demo import demo
from include.cli.explain import explain
from include.cli.gc import gc
from include.cli.list_pipelines import list_pipelines
from include.cli.load import load
from include.cli.models import models
from include.cli.new import new
from include.cli.plan import plan
from include.cli.predict import predict
from include.cli.profile import profile
from include.cli.promotion import promote, rollback
from include.cli.render import render
from include.cli.schema import schema
from include.cli.stack import down, up
from include.cli.terminal import print_error
from include.cli.validate import validate
from include.cli.verify import verify
from include.errors import RefineryError

NAME = "refinery"

app = typer.Typer(
    name=NAME,
    help="Machine-learning training pipelines as reviewed YAML, on Apache Airflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_configs = partial(app.command, rich_help_panel="Configs")
_runs = partial(app.command, rich_help_panel="Runs and models")
_configs()(new)
_configs()(profile)
_configs()(validate)
_configs("list")(list_pipelines)
_configs()(explain)
_configs()(render)
_configs()(plan)
_configs()(schema)
_runs()(demo)
_runs()(up)
_runs()(cluster)
_runs()(down)
_runs()(load)
_runs()(models)
_runs()(compare)
_runs()(card)
_runs()(predict)
_runs()(promote)
_runs()(rollback)
_runs()(verify)
_runs()(gc)


def main() -> None:
    """Run the command line; an error that the user can act on is one message and exit status 1."""
    try:
        app(prog_name=NAME)
    except RefineryError as error:
        print_error(error)
        sys.exit(1)
