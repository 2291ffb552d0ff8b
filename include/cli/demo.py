"""``refinery demo``: run pipelines once, through Airflow, against the embedded S3 server."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

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
_ANY_WIDTH = 1000
_NO_BUCKET = re.compile(r'The bucket "([^"]+)" of s3://\S+ does not exist.* \(endpoint http://127\.0\.0\.1:')
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

    Example: `./refinery demo --date 2026-01-31`
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
    _print_results(console, runs)
    _print_errors(console, runs)
    if made := [run.dag_id for run in runs if run.model_url]:
        console.print(
            f"\nThe models are plain files below .local/s3/. Look at one: ./refinery card {made[0]}",
            soft_wrap=True,
        )
    errors = [] if pipelines else [problem for problem in project.problems if problem.severity == "error"]
    if errors:
        typer.echo(f"\nThese configs are broken, and did not run:\n{render_problems(errors)}")
    if errors or any(run.state != "success" for run in runs):
        raise typer.Exit(1)


def _choose(names: Sequence[str], project: Project) -> list[Pipeline]:
    """Return the pipelines of these names, each once.

    Raises:
        NoSuchPipelineError: No config makes one of them.
        ConfigError: Airflow will not load one of them: its config or its model's module has errors.
    """
    loaded = {pipeline.dag_id: pipeline for pipeline in project.pipelines}
    return [loaded.get(name) or _refuse(name, project) for name in dict.fromkeys(names)]


def _refuse(name: str, project: Project) -> NoReturn:
    from include.config import ConfigError

    path = read_pipeline(name, default_environment()).path
    errors = tuple(problem for problem in project.problems if problem.severity == "error")
    raise ConfigError(tuple(problem for problem in errors if problem.path == path) or errors)


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

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("pipeline", *STEPS):
        table.add_column(header, no_wrap=True)
    for run in runs:
        table.add_row(run.dag_id, *(MARKS.get(run.steps.get(step, ""), "") for step in STEPS))
    return table


def _tell_ends(console: Console, runs: Sequence[PipelineRun], told: set[str]) -> None:
    for run in runs:
        if run.state in ("success", "failed") and run.dag_id not in told:
            told.add(run.dag_id)
            console.print(f"{run.dag_id}: {run.state}")


def _print_results(console: Console, runs: Sequence[PipelineRun]) -> None:
    """Print how each run went: as a table, or where that is too wide as lines, so that no URL is broken in two."""
    from rich.measure import Measurement

    table = _results(runs)
    wide = console.options.update(max_width=_ANY_WIDTH)
    if Measurement.get(console, wide, table).maximum <= console.width:
        console.print(table)
        return
    for run in runs:
        seconds = f"  {run.seconds:.1f} s" if run.seconds is not None else ""
        console.print(f"{run.dag_id}  {_state(run)}{seconds}", soft_wrap=True)
        for line in _outcome(run):
            console.print(f"  {line}", soft_wrap=True)


def _state(run: PipelineRun) -> str:
    return f"[{'green' if run.state == 'success' else 'red'}]{run.state}[/]"


def _outcome(run: PipelineRun) -> list[str]:
    metrics = UNCHANGED if run.is_skipped else write_metrics(run.metrics) if run.metrics else ""
    return [line for line in (metrics, run.model_url and f"[cyan]{run.model_url}[/]") if line]


def _results(runs: Sequence[PipelineRun]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("pipeline", no_wrap=True)
    table.add_column("state")
    table.add_column("seconds", justify="right")
    table.add_column("metrics, and the model", overflow="fold")
    for run in runs:
        seconds = f"{run.seconds:.1f}" if run.seconds is not None else ""
        table.add_row(run.dag_id, _state(run), seconds, "\n".join(_outcome(run)))
    return table


def _print_errors(console: Console, runs: Sequence[PipelineRun]) -> None:
    from rich.markup import escape

    for run in runs:
        if run.error:
            # The terminal wraps by itself; a path that is broken into lines cannot be copied or clicked.
            console.print(f"\n[red]{run.dag_id}[/]: {escape(run.error)}", soft_wrap=True)
            if bucket := _NO_BUCKET.search(run.error):
                console.print(
                    f"Buckets are folders here; make this one with: mkdir -p .local/s3/{bucket[1]}",
                    soft_wrap=True,
                )
