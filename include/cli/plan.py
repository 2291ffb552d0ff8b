"""``refinery plan``: what merging a change would do to the pipelines."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from include.cli import project
from include.cli.terminal import print_error

if TYPE_CHECKING:
    from include.review.plan import Plan

Format = Literal["json"]

_FOUND = 1
_WRONG_USAGE = 2


def plan(
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REV",
            help="The branch, tag or commit to merge into.  [default: origin/main]",
            show_default=False,
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="REV", help="The one to merge. Default: the files as they are now.", show_default=False
        ),
    ] = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
    form: Annotated[Format, typer.Option("--format", help="json for programs.")] = "json",
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="The day whose objects and runs are shown. Default: that of the last commit.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show what merging a change would do: to each pipeline's values, tasks, objects on S3 and runs.

    Compared is what the change itself brings since it left the base, as on a pull request's page. Nothing is checked out and
    no code of the other version runs. Exit status 1 if configs have errors after the change, 2 if there is nothing to compare.

    Example: `refinery plan --base origin/main --env production`
    """
    from include.review.compare import make_plan
    from include.review.errors import ReviewError

    try:
        made = make_plan(project.PROJECT, base=base, head=head, environment=environment, day=_date(day))
    except ReviewError as error:
        print_error(error)
        raise typer.Exit(_WRONG_USAGE) from None
    typer.echo(_WRITERS[form](made))
    if _fails(made):
        raise typer.Exit(_FOUND)


def _as_json(made: Plan) -> str:
    return json.dumps(_plain(made), indent=2, ensure_ascii=False)


_WRITERS = {"json": _as_json}


def _plain(value: Any) -> Any:
    """Turn a plan into JSON's types; the resolved pipelines themselves are left out."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.compare}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _fails(made: Plan) -> bool:
    return any(problem.severity == "error" for problem in made.head_problems)
