"""The refinery command and its subcommands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from refinery import __version__
from refinery.cli.card import card
from refinery.cli.compare import compare
from refinery.cli.demo import demo
from refinery.cli.explain import explain
from refinery.cli.gc import gc
from refinery.cli.init import init
from refinery.cli.list_pipelines import list_pipelines
from refinery.cli.load import load
from refinery.cli.models import models
from refinery.cli.new import new
from refinery.cli.plan import plan
from refinery.cli.predict import predict
from refinery.cli.profile import profile
from refinery.cli.promotion import promote, rollback
from refinery.cli.render import render
from refinery.cli.schema import schema
from refinery.cli.stack import cluster, down, up
from refinery.cli.terminal import print_error
from refinery.cli.validate import validate
from refinery.cli.verify import verify
from refinery.errors import RefineryError

NAME = "refinery"

app = typer.Typer(
    name=NAME,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Machine-learning training pipelines as reviewed YAML, on Apache Airflow."""
    del version


# The groups of the help, in the order in which one meets them.
_GROUPS: dict[str, dict[str, Callable[..., None]]] = {
    "Start": {"init": init, "new": new, "profile": profile},
    "Pipelines": {
        "list": list_pipelines,
        "validate": validate,
        "explain": explain,
        "render": render,
        "plan": plan,
        "schema": schema,
    },
    "Runs on this machine": {"demo": demo, "up": up, "cluster": cluster, "down": down},
    "Models": {
        "models": models,
        "card": card,
        "compare": compare,
        "load": load,
        "predict": predict,
        "verify": verify,
        "promote": promote,
        "rollback": rollback,
        "gc": gc,
    },
}
for _group, _commands in _GROUPS.items():
    for _name, _command in _commands.items():
        app.command(_name, rich_help_panel=_group)(_command)


def main() -> None:
    """Run the command line; an error that the user can fix is one message and exit status 1."""
    try:
        app(prog_name=NAME)
    except RefineryError as error:
        print_error(error)
        sys.exit(1)
