"""``refinery demo``: run pipelines once, through Airflow, against the embedded S3 server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.project import PROJECT, read_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from include.local.demo import PipelineRun

MIN_WIDTH = 96  # a metrics line beside a long name; narrower terminals wrap
MARKS = {"running": "[yellow]>[/]", "success": "[green]✓[/]", "failed": "[red]✗[/]"}


def demo(
    pipelines: Annotated[
        list[str] | None, typer.Argument(help="Default: every pipeline in configs/.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="The runs' logical date. Default: today (UTC)."),
    ] = None,
) -> None:
    """Run pipelines once, through Airflow, with an embedded S3 server.

    What they upload stays under .local/s3/BUCKET/KEY as plain files. Exit status 1 if a pipeline failed.

    Example: `refinery demo --date 2026-01-31`
    """
    from rich.console import Console
    from rich.live import Live

    from include.local.demo import run_demo

    console = Console(highlight=False)
    console.width = max(console.width, MIN_WIDTH)
    dag_ids = pipelines or [pipeline.dag_id for pipeline in read_project().pipelines]
    run_date = (day or datetime.now(UTC)).date()
    console.print(f"Running {len(dag_ids)} pipelines for {run_date} through Airflow ...")
    with Live(console=console, auto_refresh=False, transient=True) as live:
        runs = run_demo(
            PROJECT, dag_ids, run_date, on_change=lambda runs: live.update(_progress(runs), refresh=True)
        )
    console.print(_results(runs))
    _print_errors(console, runs)
    if any(run.state != "success" for run in runs):
        raise typer.Exit(1)


def _progress(runs: Sequence[PipelineRun]) -> Table:
    from rich.table import Table

    from include.local.demo import STEPS

    table = Table.grid(padding=(0, 2))
    for run in runs:
        table.add_row(run.dag_id, *(f"{MARKS.get(run.steps.get(step, ''), ' ')} {step}" for step in STEPS))
    return table


def _results(runs: Sequence[PipelineRun]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("pipeline", no_wrap=True)
    table.add_column("state")
    table.add_column("seconds", justify="right")
    table.add_column("metrics, and the model", overflow="fold")
    for run in runs:
        state = f"[{'green' if run.state == 'success' else 'red'}]{run.state}[/]"
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in run.metrics.items())
        outcome = "\n".join(filter(None, [metrics, run.model_url and f"[cyan]{run.model_url}[/]"]))
        table.add_row(run.dag_id, state, f"{run.seconds:.1f}", outcome)
    return table


def _print_errors(console: Console, runs: Sequence[PipelineRun]) -> None:
    from rich.markup import escape

    for run in runs:
        if run.error:
            console.print(f"\n[red]{run.dag_id}[/]: {escape(run.error)}")
