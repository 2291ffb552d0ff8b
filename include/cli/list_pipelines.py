"""``refinery list``: the pipelines, when they run, and what they read and write."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from include.cli import project
from include.cli.terminal import align, is_terminal, print_table
from include.config.run_times import describe_schedule, find_next_run

if TYPE_CHECKING:
    from include.config import Pipeline

HEADERS = ("pipeline", "schedule", "next run (UTC)", "model", "source", "output")


def list_pipelines(
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """List the pipelines: schedule, next run, model, source and output.

    The next run is told where the clock tells it, for a pipeline that is not paused. Pipelines whose configs have errors are
    left out.

    Example: `./refinery list --env production --json`
    """
    read = project.read_project(environment)
    now = datetime.now(UTC)
    if as_json:
        described = [_describe(pipeline, now) for pipeline in read.pipelines]
        typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        _print(read.pipelines, now)
    if any(problem.severity == "error" for problem in read.problems):
        typer.echo("Configs with errors are left out; show them with: ./refinery validate", err=True)


def _describe(pipeline: Pipeline, now: datetime) -> dict[str, Any]:
    config = pipeline.config
    next_run = find_next_run(config, now)
    return {
        "dag_id": pipeline.dag_id,
        "config": pipeline.path,
        "schedule": describe_schedule(config),
        "next_run": next_run.isoformat() if next_run else None,
        "model": config.model.name,
        "source": list(config.source.url),
        "output": config.output.url,
        "tags": list(pipeline.tags),
    }


def _print(pipelines: tuple[Pipeline, ...], now: datetime) -> None:
    rows = [_row(pipeline, now) for pipeline in pipelines]
    if not is_terminal(sys.stdout):
        print_table(HEADERS, rows)
        return
    # Six columns fit no terminal: what is read and written goes below.
    header, *lines = align([row[:4] for row in (HEADERS, *rows)])
    typer.secho(header, bold=True)
    for line, row in zip(lines, rows, strict=True):
        typer.echo(line)
        for url in row[4:]:
            typer.secho(f"  {url}", dim=True)


def _row(pipeline: Pipeline, now: datetime) -> tuple[str, ...]:
    config = pipeline.config
    next_run = find_next_run(config, now)
    return (
        pipeline.dag_id,
        describe_schedule(config),
        f"{next_run:%Y-%m-%d %H:%M}" if next_run else "-",
        config.model.name,
        " ".join(config.source.url),
        config.output.url,
    )
