"""``refinery list``: the pipelines, when they run, and what they read and write."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from refinery.cli import project
from refinery.cli.table import print_table
from refinery.config.run_times import describe_schedule, find_next_run
from refinery.wording import command_line

if TYPE_CHECKING:
    from refinery.config import Pipeline

_HEADERS = ("pipeline", "schedule", "next run (UTC)", "model", "source", "output")
_BELOW = 2  # the source and the output


def list_pipelines(
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """List the pipelines: schedule, next run, model, source and output.

    The next run is shown if the schedule goes by the clock and the pipeline is not paused. Pipelines whose configs
    have errors are left out.

    Example: `refinery list --env production --json`
    """
    read = project.read_project(environment)
    now = datetime.now(UTC)
    if as_json:
        described = [_describe(pipeline, now) for pipeline in read.pipelines]
        typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        print_table(_HEADERS, [_row(pipeline, now) for pipeline in read.pipelines], below=_BELOW)
    if any(problem.severity == "error" for problem in read.problems):
        typer.echo(f"Configs with errors are left out; show them with: {command_line('validate')}", err=True)


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
