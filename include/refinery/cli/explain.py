"""``refinery explain``: every value of a pipeline and where it comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import typer

from refinery.cli import project
from refinery.cli.table import print_table


def explain(
    name: project.PipelineArgument,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    as_json: project.JsonOption = False,
) -> None:
    """Show every value of a pipeline and where it comes from.

    A value comes from a line of the config, a defaults.yml or the environment, from Refinery's defaults, or from the folder.

    Example: `refinery explain wine_cultivar --env production`
    """
    from refinery.config import explain_pipeline

    pipeline = project.read_pipeline(name, environment)
    values = explain_pipeline(pipeline)
    if as_json:
        document = {
            "dag_id": pipeline.dag_id,
            "config": pipeline.path,
            "environment": environment,
            "values": [asdict(value) for value in values],
        }
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    rows = [(one.key, one.origin, _write(one.value)) for one in values]
    print_table(("key", "from", "value"), rows, is_faint=lambda row: row[1] == "default")


def _write(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
