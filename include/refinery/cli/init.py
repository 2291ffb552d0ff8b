"""``refinery init``: a new project, or Refinery added to an existing Airflow project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from refinery.wording import command_line


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="The project's folder. Default: this one.",
            file_okay=False,
            writable=True,
            show_default=False,
        ),
    ] = Path(),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show how each file would change, and do nothing.")
    ] = False,
    wheel: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="The wheel to put into the project, if no package index has Refinery. "
            "Default: the one that this command was installed from.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Create a project that runs immediately, or add Refinery to an Airflow project.

    In a folder with `dags/`, it adds a config, a model, two loaders, and one line to the list of requirements. Elsewhere, it creates a
    complete Astro project. It never overwrites a file, and running it again changes nothing.

    Example: `refinery init churn-models`
    """
    from refinery.scaffold import Action, plan_project

    changes = plan_project(folder, wheel)
    if diff:
        typer.echo("".join(change.diff(folder) for change in changes), nl=False)
        return
    for change in changes:
        if not dry_run:
            change.apply(folder)
        if change.action is not Action.KEEP:
            typer.echo(f"{change.action.value:<7} {change.path}")
        if change.action is Action.BY_HAND:
            typer.echo(
                "".join(f"    {line}" for line in change.content.decode().splitlines(keepends=True)), nl=False
            )
    touched = any(change.action in (Action.CREATE, Action.ADD) for change in changes)
    if dry_run:
        typer.echo("Nothing was done." if touched else "There is nothing to do.", err=True)
    elif not touched:
        typer.echo("Nothing changed: everything is there already.", err=True)
    else:
        at = "" if folder == Path() else f"cd {folder} && "
        typer.echo(
            f"Run the example: {at}{command_line('demo wine')}\n"
            f"Then use your own dataset: {command_line('new NAME --source FILE.csv')}",
            err=True,
        )
