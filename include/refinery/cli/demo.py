"""``refinery demo``: run pipelines once, through Airflow, against the embedded S3 server."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from refinery.cli.interrupts import interrupt_on_signals
from refinery.cli.named_model import write_metrics
from refinery.cli.project import (
    DEFAULT_ENVIRONMENT,
    PROJECT,
    as_pipelines,
    parse_day,
    read_pipeline,
    read_project,
)
from refinery.cli.run_params import ParamOption, read_params, require_params
from refinery.errors import RefineryError
from refinery.wording import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from refinery.config import Pipeline, Project
    from refinery.local.demo import PipelineRun

PIPED_WIDTH = 96  # a metrics line beside a long name
_ANY_WIDTH = 1000
_NO_BUCKET = re.compile(r'The bucket "([^"]+)" of s3://\S+ does not exist.* \(endpoint http://127\.0\.0\.1:')
UNCHANGED = "skipped: the latest model has the same dataset, config, code and environment"
MARKS = {"running": "[yellow]>[/]", "success": "[green]✓[/]", "failed": "[red]✗[/]", "skipped": "-"}


def demo(
    pipelines: Annotated[
        list[str] | None,
        typer.Argument(
            callback=as_pipelines,
            metavar="NAME",
            help="Pipelines, such as team_a.churn or configs/team_a/churn.yml. Default: all.",
            show_default=False,
        ),
    ] = None,
    day: Annotated[
        date | None,
        typer.Option(
            "--date",
            "-d",
            parser=parse_day,
            metavar="YYYY-MM-DD",
            help="The logical date of the runs. Default: today (UTC).",
        ),
    ] = None,
    params: ParamOption = None,
) -> None:
    """Run pipelines once, through Airflow, with an embedded S3 server.

    Their uploads stay under .local/s3/BUCKET/KEY as plain files. Exit status 1 if a pipeline failed.

    Example: `refinery demo --date 2026-01-31`
    """
    from rich.console import Console
    from rich.live import Live

    from refinery.config import render_problems
    from refinery.local.demo import run_demo

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    run_date = day or datetime.now(UTC).date()
    project = read_project()
    chosen = _choose(pipelines, project) if pipelines else project.pipelines
    _require_started(chosen, run_date)
    conf = read_params(params, chosen)
    require_params(chosen, conf)
    dag_ids = [pipeline.dag_id for pipeline in chosen]
    console.print(f"Running {', '.join(dag_ids)} for {run_date} through Airflow ...", soft_wrap=True)
    interrupt_on_signals()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        ended: set[str] = set()

        def show(runs: list[PipelineRun]) -> None:
            live.update(_progress(runs), refresh=True)
            if not console.is_terminal:  # nothing can be redrawn there
                _print_ends(console, runs, ended)

        runs = run_demo(PROJECT, dag_ids, run_date, conf=conf, on_change=show)
    _print_results(console, runs)
    _print_warnings(console, runs)
    _print_errors(console, runs)
    _print_hint(console, runs, conf)
    errors = [] if pipelines else [problem for problem in project.problems if problem.severity == "error"]
    if errors:
        typer.echo(f"\nThese configs are broken and did not run:\n{render_problems(errors)}")
    if errors or any(run.state != "success" for run in runs):
        raise typer.Exit(1)


def _choose(names: Sequence[str], project: Project) -> list[Pipeline]:
    """Return the pipelines of these names, each once.

    Raises:
        RefineryError: No config makes one of them, or Airflow will not load it: its config or its model's module has errors.
    """
    loaded = {pipeline.dag_id: pipeline for pipeline in project.pipelines}
    return [loaded.get(name) or _refuse(name, project) for name in dict.fromkeys(names)]


def _refuse(name: str, project: Project) -> NoReturn:
    from refinery.config import ConfigError

    path = read_pipeline(name, DEFAULT_ENVIRONMENT).path
    errors = tuple(problem for problem in project.problems if problem.severity == "error")
    raise ConfigError(tuple(problem for problem in errors if problem.path == path) or errors)


def _require_started(pipelines: Sequence[Pipeline], day: date) -> None:
    """Refuse a date for which Airflow would run nothing, and report success."""
    for pipeline in pipelines:
        if day < pipeline.config.start_date:
            raise RefineryError(
                f"{day} is before the start_date of {pipeline.dag_id}, {pipeline.config.start_date}: choose a later date, "
                "or move the start_date."
            )


def _progress(runs: Sequence[PipelineRun]) -> Table:
    from rich.table import Table

    from refinery.local.demo import STEPS

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("pipeline", *STEPS):
        table.add_column(header, no_wrap=True)
    for run in runs:
        table.add_row(run.dag_id, *(MARKS.get(run.steps.get(step, ""), "") for step in STEPS))
    return table


def _print_ends(console: Console, runs: Sequence[PipelineRun], ended: set[str]) -> None:
    for run in runs:
        if run.state in ("success", "failed") and run.dag_id not in ended:
            ended.add(run.dag_id)
            console.print(f"{run.dag_id}: {run.state}")


def _print_results(console: Console, runs: Sequence[PipelineRun]) -> None:
    """Print how each run went: as a table, or as lines where a table is too wide, so that no URL is broken."""
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
    if run.state != "success":
        return f"[red]{run.state}[/]"
    if not run.warnings:
        return f"[green]{run.state}[/]"
    count = len(run.warnings)
    return f"[yellow]{run.state}, {count} {'warning' if count == 1 else 'warnings'}[/]"


def _outcome(run: PipelineRun) -> list[str]:
    metrics = (
        UNCHANGED if run.is_skipped else write_metrics(run.metrics) if run.metrics or run.model_url else ""
    )
    baseline = f"[dim]baseline: {write_metrics(run.baseline)}[/]" if run.baseline else ""
    return [line for line in (metrics, baseline, run.model_url and f"[cyan]{run.model_url}[/]") if line]


def _print_warnings(console: Console, runs: Sequence[PipelineRun]) -> None:
    """Print what a person should read before the models are used, wrapped to the terminal."""
    from rich.padding import Padding
    from rich.text import Text

    for run in runs:
        if run.warnings:
            console.print(f"\n[yellow]{run.dag_id}[/]: read this before you use the model", soft_wrap=True)
            for warning in run.warnings:
                console.print(Padding(Text(f"- {warning}"), (0, 0, 0, 2)))


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


def _print_hint(console: Console, runs: Sequence[PipelineRun], conf: Mapping[str, Mapping[str, Any]]) -> None:
    if made := next((run for run in runs if run.model_url), None):
        # A name means the models of the default params.
        model = made.model_url if conf[made.dag_id] else made.dag_id
        hint = f"\nThe models are plain files below .local/s3/. Look at one: {command_line(f'card {model}')}"
        console.print(hint, soft_wrap=True)


def _print_errors(console: Console, runs: Sequence[PipelineRun]) -> None:
    from rich.markup import escape

    for run in runs:
        if run.error:
            # The terminal wraps by itself; a path that is broken into lines could not be copied or clicked.
            console.print(f"\n[red]{run.dag_id}[/]: {escape(run.error)}", soft_wrap=True)
            if bucket := _NO_BUCKET.search(run.error):
                console.print(
                    f"Buckets are folders here; create this one with: mkdir -p .local/s3/{bucket[1]}",
                    soft_wrap=True,
                )
