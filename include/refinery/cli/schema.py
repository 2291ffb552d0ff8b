"""``refinery schema``: the JSON Schema for editors and the reference pages, generated from the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from refinery.cli import project
from refinery.wording import command_line


def schema(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with status 1 if a file is out of date.")
    ] = False,
) -> None:
    """Write configs/schema.json, docs/configuration.md and docs/risks.md.

    With the schema, editors complete keys and mark mistakes as you type; the pages list every key and every risk.

    Example: `refinery schema --check`
    """
    stale = [file for file, text in _files().items() if not file.exists() or file.read_text("utf-8") != text]
    for file in stale:
        shown = file.relative_to(project.PROJECT)
        if check:
            typer.echo(f"{shown} is out of date; update it with: {command_line('schema')}")
            continue
        file.parent.mkdir(exist_ok=True)
        file.write_text(_files()[file], "utf-8")
        typer.echo(f"Wrote {shown}")
    if not stale:
        typer.echo("All files are up to date.", err=True)
    elif check:
        raise typer.Exit(1)


def _files() -> dict[Path, str]:
    from refinery.config import configuration_page, project_schema
    from refinery.review import risks_page

    written = json.dumps(project_schema(project.CONFIGS), indent=2) + "\n"
    return {
        project.CONFIGS / "schema.json": written,
        project.PROJECT / "docs" / "configuration.md": configuration_page(),
        project.PROJECT / "docs" / "risks.md": risks_page(),
    }
