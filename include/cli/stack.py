"""``refinery up`` and ``refinery down``: the whole of Airflow on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.cluster import HOME as CLUSTER_HOME
from include.cli.interrupts import interrupt_on_signals
from include.cli.project import PROJECT

HOME = PROJECT / ".local" / "airflow"


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The UI's port.")] = 8080,
) -> None:
    """Start Airflow and the embedded S3 server, and stay until Ctrl-C or `./refinery down`.

    Example: `./refinery up --port 8081`
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
    """Stop what `./refinery up` or `./refinery cluster` started, and all its processes.

    Example: `./refinery down`
    """
    from include.local.stack import stop_stack

    stopped = [stop_stack(home) for home in (HOME, CLUSTER_HOME)]
    typer.echo("Stopped." if any(stopped) else "Nothing was up.")
