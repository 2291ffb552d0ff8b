"""``refinery cluster``: Airflow with Celery workers that share no folder, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.interrupts import interrupt_on_signals
from include.cli.project import PROJECT

HOME = PROJECT / ".local" / "cluster"


def cluster(
    port: Annotated[int, typer.Option(help="The UI's port.", min=1, max=65535)] = 8080,
) -> None:
    """Start Airflow on two Celery workers, with Redis, PostgreSQL and the embedded S3 server, and stay until Ctrl-C.

    Configs are read for the environment "cluster", whose workspace is on S3. Redis and PostgreSQL have to be installed.

    Example: `./refinery cluster --port 8081`
    """
    from include.local.cluster import running_cluster

    interrupt_on_signals()
    typer.echo("Starting PostgreSQL, Redis, the embedded S3 server, Airflow and two workers ...")
    try:
        with running_cluster(PROJECT, home=HOME, port=port) as running:
            typer.echo(
                f"The cluster is up: {running.url} (no login). Logs: {running.home / 'logs'}. Stop it: Ctrl-C, or make down"
            )
            running.wait()
    except KeyboardInterrupt:
        typer.echo("Stopped.")
