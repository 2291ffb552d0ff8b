"""``refinery up`` and ``refinery down``: the whole of Airflow on this machine."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from include.cli.project import PROJECT

if TYPE_CHECKING:
    from types import FrameType

HOME = PROJECT / ".local" / "airflow"


def up(
    port: Annotated[int, typer.Option(help="The UI's port.")] = 8080,
) -> None:
    """Start Airflow and the embedded S3 server, and stay until Ctrl-C or `refinery down`.

    Example: `refinery up --port 8081`
    """
    from include.local.stack import running_stack

    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(stop, _interrupt)
    typer.echo("Starting Airflow and the embedded S3 server ...")
    try:
        with running_stack(PROJECT, home=HOME, port=port) as stack:
            typer.echo(
                f"Airflow is up: {stack.url} (no login). Logs: {stack.logs}. Stop it: Ctrl-C, or make down"
            )
            stack.wait()
    except KeyboardInterrupt:
        typer.echo("Stopped.")


def down() -> None:
    """Stop what `refinery up` started, and all its processes.

    Example: `refinery down`
    """
    from include.local.stack import stop_stack

    typer.echo("Stopped." if stop_stack(HOME) else "Nothing was up.")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
