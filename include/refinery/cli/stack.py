"""``refinery up``, ``cluster`` and ``down``: the whole of Airflow on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from refinery.cli.interrupts import interrupt_on_signals
from refinery.cli.project import PROJECT, PortOption
from refinery.wording import command_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from refinery.local.stack import Stack

_AIRFLOW = PROJECT / ".local" / "airflow"
_CLUSTER = PROJECT / ".local" / "cluster"


def up(port: PortOption = 8080) -> None:
    """Start Airflow and the embedded S3 server, and run until Ctrl-C or `refinery down`.

    Example: `refinery up --port 8081`
    """
    from refinery.local.stack import running_stack

    typer.echo("Starting Airflow and the embedded S3 server ...")
    _stay("Airflow", running_stack(PROJECT, home=_AIRFLOW, port=port))


def cluster(port: PortOption = 8080) -> None:
    """Start Airflow on two Celery workers, with Redis, PostgreSQL and the embedded S3 server, and run until Ctrl-C.

    Configs are read for the environment "cluster", whose workspace is on S3. Redis and PostgreSQL must be installed.

    Example: `refinery cluster --port 8081`
    """
    from refinery.local.cluster import running_cluster

    typer.echo("Starting PostgreSQL, Redis, the embedded S3 server, Airflow and two workers ...")
    _stay("The cluster", running_cluster(PROJECT, home=_CLUSTER, port=port))


def down() -> None:
    """Stop what `refinery up` or `refinery cluster` started, with all its processes.

    Example: `refinery down`
    """
    from refinery.local.stack import stop_stack

    stopped = [stop_stack(home) for home in (_AIRFLOW, _CLUSTER)]
    typer.echo("Stopped." if any(stopped) else "Nothing was running.")


def _stay(what: str, running: AbstractContextManager[Stack]) -> None:
    interrupt_on_signals()
    try:
        with running as stack:
            typer.echo(f"{what} is up: {stack.url} (no login). Logs: {stack.logs}.")
            typer.echo(f"Stop it with Ctrl-C, or: {command_line('down')}")
            stack.wait()
    except KeyboardInterrupt:
        typer.echo("Stopped.")
        raise typer.Exit(0) from None  # this is how it is meant to end
