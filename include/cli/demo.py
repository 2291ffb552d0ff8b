"""``refinery demo``: run pipelines once, through Airflow, against the embedded S3 server."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.interrupts import interrupt_on_signals
from include.cli.project import PROJECT, default_environment, read_pipeline, read_project
from include.cli.series import write_metrics
from include.local.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from include.config import Pipeline, Project
    from include.local.demo import PipelineRun

PIPED_WIDTH = 96  # a metrics line beside a long name
UNCHANGED = "skipped: dataset, config, code and environment are those of the latest model"
MARKS = {"running": "[yellow]>[/]", "success": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "-"}


def _parse_date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise typer.BadParameter(f'"{text}" is no date; write it as 2026-01-31.') from error


def demo(
    pipelines: Annotated[
        list[str] | None, typer.Argument(help="Default: every pipeline in configs/.")
    ] = None,
    day: Annotated[
        date | None,
        typer.Option(
            "--date",
            parser=_parse_date,
            metavar="YYYY-MM-DD",
            help="The runs' logical date. Default: today (UTC).",
        ),
    ] = None,
) -> None:
    """Run pipelines once, through Airflow, with an embedded S3 server.

    What they upload stays under .local/s3/BUCKET/KEY as plain files. Exit status 1 if a pipeline failed.

    Example: `refinery demo --date 2026-01-31`
    """
    from rich.console import Console
    from rich.live import Live

    from include.config import render_problems
    from include.local.demo import run_demo

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    run_date = day or datetime.now(UTC).date()
    project = read_project()
    chosen = _choose(pipelines, project) if pipelines else project.pipelines
    _require_started(chosen, run_date)
    dag_ids = [pipeline.dag_id for pipeline in chosen]
    console.print(f"Running {', '.join(dag_ids)} for {run_date} through Airflow ...", soft_wrap=True)
    interrupt_on_signals()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        ended: set[str] = set()

        def show(runs: list[PipelineRun]) -> None:
            live.update(_progress(runs), refresh=True)
            if (
                not console.is_terminal
            ):  # where nothing can be drawn again, a line for each pipeline as it ends
                _tell_ends(console, runs, ended)

        runs = run_demo(PROJECT, dag_ids, run_date, on_change=show)
    console.print(_results(runs))
    _print_errors(console, runs)
    errors = [] if pipelines else [problem for problem in project.problems if problem.severity == "error"]
    if errors:
        typer.echo(f"\nThese configs are broken, and did not run:\n{render_problems(errors)}")
    if errors or any(run.state != "success" for run in runs):
        raise typer.Exit(1)


def _choose(names: Sequence[str], project: Project) -> list[Pipeline]:
    """Find pipelines by their names; one whose model or output is at fault is refused, since Airflow would not have it."""
    from include.config import ConfigError

    chosen = [read_pipeline(name, default_environment()) for name in dict.fromkeys(names)]
    healthy = {pipeline.dag_id for pipeline in project.pipelines}
    files = {pipeline.path for pipeline in chosen if pipeline.dag_id not in healthy}
    if broken := [one for one in project.problems if one.path in files and one.severity == "error"]:
        raise ConfigError(tuple(broken))
    return chosen


def _require_started(pipelines: Sequence[Pipeline], day: date) -> None:
    """Refuse a date that Airflow would run nothing for, and call that a success."""
    for pipeline in pipelines:
        if day < pipeline.config.start_date:
            raise DemoError(
                f"{day} is before the start_date of {pipeline.dag_id}, {pipeline.config.start_date}: take a later date, "
                "or move the start_date."
            )


def _progress(runs: Sequence[PipelineRun]) -> Table:
    from rich.table import Table

    from include.local.demo import STEPS

    table = Table.grid(padding=(0, 2))
    for run in runs:
        table.add_row(run.dag_id, *(f"{MARKS.get(run.steps.get(step, ''), ' ')} {step}" for step in STEPS))
    return table


def _tell_ends(console: Console, runs: Sequence[PipelineRun], told: set[str]) -> None:
    for run in runs:
        if run.state in ("success", "failed") and run.dag_id not in told:
            told.add(run.dag_id)
            console.print(f"{run.dag_id}: {run.state}")


def _results(runs: Sequence[PipelineRun]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("pipeline", no_wrap=True)
    table.add_column("state")
    table.add_column("seconds", justify="right")
    table.add_column("metrics, and the model", overflow="fold")
    for run in runs:
        state = f"[{'green' if run.state == 'success' else 'red'}]{run.state}[/]"
        metrics = UNCHANGED if run.is_skipped else write_metrics(run.metrics) if run.metrics else ""
        outcome = "\n".join(filter(None, [metrics, run.model_url and f"[cyan]{run.model_url}[/]"]))
        table.add_row(run.dag_id, state, f"{run.seconds:.1f}" if run.seconds is not None else "", outcome)
    return table


def _print_errors(console: Console, runs: Sequence[PipelineRun]) -> None:
    from rich.markup import escape

    for run in runs:
        if run.error:
            # The terminal wraps by itself; a path that is broken into lines cannot be copied or clicked.
            console.print(f"\n[red]{run.dag_id}[/]: {escape(run.error)}", soft_wrap=True)
