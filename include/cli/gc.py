"""``refinery gc``: old models deleted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import project
from include.cli.errors import CommandError
from include.cli.series import open_series, write_moment, write_size
from include.cli.terminal import is_terminal, print_table

if TYPE_CHECKING:
    from include.registry import CleaningPlan


class UnconfirmedError(CommandError):
    """Models would be deleted, and no one was there to agree."""

    def __init__(self) -> None:
        super().__init__("Nothing was deleted: look with --dry-run first, then agree with --yes.")


def gc(
    name: project.PipelineArgument,
    keep: Annotated[int, typer.Option(min=1, metavar="N", help="How many of the newest models stay.")] = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Delete old models: never the latest, and never one that the history of promotions names.

    Example: `./refinery gc petrol_consumption --keep 30 --dry-run`
    """
    from include.registry import delete_old_models

    with open_series(project.read_pipeline(name, environment)) as (series, client):
        plan = delete_old_models(series, keep=keep, client=client, dry_run=True)
        _print(plan)
        if dry_run or not plan.deleted:
            return
        if not yes and not is_terminal(sys.stdin):
            raise UnconfirmedError
        if yes or typer.confirm("Delete these models?"):
            done = delete_old_models(series, keep=keep, client=client)
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
        typer.echo(f"Staying whatever their age: {stay}", err=True)
