"""``refinery gc``: old models deleted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from refinery.cli import project
from refinery.cli.named_model import open_series, write_moment, write_size
from refinery.cli.run_params import ParamOption
from refinery.cli.table import print_table
from refinery.cli.terminal import is_terminal
from refinery.errors import RefineryError

if TYPE_CHECKING:
    from refinery.registry import CleaningPlan


def gc(
    name: project.PipelineArgument,
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="The number of newest models to keep.")] = 30,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    *,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Delete old models, but never the latest, a promoted one, or another pipeline's.

    Example: `refinery gc petrol_consumption --keep 30 --dry-run`
    """
    from refinery.registry import delete_old_models

    pipeline = project.read_pipeline(name, environment)
    with open_series(pipeline, params) as (series, client):
        plan = delete_old_models(series, pipeline=pipeline.dag_id, keep=keep, client=client, dry_run=True)
        _print(plan)
        if dry_run or not plan.deleted:
            return
        if not yes and not is_terminal(sys.stdin):
            raise RefineryError("Nothing was deleted. Look with --dry-run first, then confirm with --yes.")
        if yes or typer.confirm("Delete these models?"):
            done = delete_old_models(series, pipeline=pipeline.dag_id, keep=keep, client=client)
            typer.echo(f"Deleted: {len(done.deleted)}", err=True)


def _print(plan: CleaningPlan) -> None:
    if plan.deleted:
        rows = [
            (str(version.prefix), write_moment(version.uploaded_at), write_size(version.size))
            for version in plan.deleted
        ]
        print_table(("model to delete", "uploaded (UTC)", "size"), rows)
    total = len(plan.deleted) + len(plan.kept)
    stay = ", ".join(f"{version.name} ({reason})" for version, reason in plan.kept if reason != "new")
    typer.echo(f"To delete: {len(plan.deleted)} of {total} models, {write_size(plan.freed_bytes)}", err=True)
    if stay:
        typer.echo(f"Kept whatever their age: {stay}", err=True)
    if plan.foreign:
        names = ", ".join(
            sorted({name or "one that their manifests do not name" for _, name in plan.foreign})
        )
        typer.echo(f"Left alone: {len(plan.foreign)} models of other pipelines ({names})", err=True)
