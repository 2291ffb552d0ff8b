"""``refinery up`` and ``refinery down``: the whole of Airflow on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.interrupts import interrupt_on_signals
from include.cli.project import PROJECT

HOME = PROJECT / ".local" / "airflow"


def up(
    port: Annotated[int, typer.Option(help="The UI's port.")] = 8080,
) -> None:
    """Start Airflow and the embedded S3 server, and stay until Ctrl-C or `refinery down`.

    Example: `refinery up --port 8081`
    """
    from include.local.stack import running_stack

    interrupt_on_signals()
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
