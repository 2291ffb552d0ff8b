"""``refinery plan``: what merging a change would do to the pipelines."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from refinery.cli import project
from refinery.cli.interrupts import interrupt_on_signals
from refinery.cli.named_model import S3Access
from refinery.cli.terminal import is_terminal, print_error, use_color

if TYPE_CHECKING:
    from refinery.review import Plan

Format = Literal["text", "markdown", "json", "github"]
Level = Literal["high", "medium", "low"]

_LEVELS = ("high", "medium", "low")
_FOUND = 1
_WRONG_USAGE = 2
_WIDTH = 100
# What --against-latest has read before; deleting it costs only time.
_MANIFESTS = Path(".local", "manifests")


def plan(  # noqa: PLR0917 - typer takes options by position
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REV",
            help="The branch, tag or commit to merge into. Default: origin's default branch.",
            show_default=False,
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="REV",
            help="The branch, tag or commit to merge. Default: the working tree.",
            show_default=False,
        ),
    ] = None,
    environment: project.EveryEnvironmentOption = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text for people, markdown for a pull request's page, json for programs, github for annotations.",
        ),
    ] = "text",
    day: Annotated[
        date | None,
        typer.Option(
            "--date",
            "-d",
            parser=project.parse_day,
            metavar="YYYY-MM-DD",
            help="The day whose objects and runs are shown. Default: the day of the last commit.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        Level | None,
        typer.Option(
            help="Exit with status 1 if there are risks of this severity or worse.", show_default=False
        ),
    ] = None,
    against_latest: Annotated[
        bool,
        typer.Option(
            "--against-latest",
            help="Add the latest promoted models, and check changed gates and schedules against the last runs (needs S3).",
        ),
    ] = False,
    try_it: Annotated[
        bool,
        typer.Option(
            "--try",
            help="Train the changed pipelines before and after, with the code of the working tree, and add the metrics.",
        ),
    ] = False,
    code: Annotated[
        bool,
        typer.Option(
            "--code",
            help="With --try: train each version with its own code, and also some of the pipelines that use changed code. "
            "Runs the code of both.",
        ),
    ] = False,
    rows: Annotated[
        int, typer.Option(min=0, metavar="N", help="The number of rows that --try trains on; 0 means all.")
    ] = 10_000,
) -> None:
    """Show what merging a change would do: to each pipeline's values, tasks, objects on S3 and runs.

    It compares with the commit where the change left the base, as a pull request does. Without `--code`, it checks
    nothing out and runs no code of the other version. Exit status 1 if configs have errors after the change, or for `--fail-on`; 2 if there is nothing
    to compare.

    Example: `refinery plan --base origin/main --env production --fail-on high`
    """
    from refinery.cli.library_classes import check_library_classes
    from refinery.review import ReviewError, make_plan

    if code and not try_it:
        raise typer.BadParameter("it says how to try a change; write --try --code", param_hint="--code")
    try:
        if code:
            _allow_code()
        with project.without_collecting_garbage():
            made = make_plan(
                project.PROJECT,
                base=base,
                head=head,
                environment=environment,
                day=day,
                check_classes=check_library_classes,
            )
    except ReviewError as error:
        print_error(error)
        raise typer.Exit(_WRONG_USAGE) from None
    if against_latest or try_it:
        made = _measure(made, against_latest=against_latest, try_it=try_it, code=code, rows=rows or None)
    if written := _write(made, form):
        typer.echo(written)
    if _fails(made, fail_on):
        raise typer.Exit(_FOUND)


def _allow_code() -> None:
    """Prepare to run the code of both versions, where that may be done.

    Raises:
        ReviewError: This is the CI of a pull request from a fork.
    """
    from refinery.trial import refuse_forks

    refuse_forks(os.environ)
    interrupt_on_signals()  # worktrees are removed in order


def _measure(made: Plan, *, against_latest: bool, try_it: bool, code: bool, rows: int | None) -> Plan:
    """Add what S3 and trainings say."""
    from refinery.review import add_trial_risks
    from refinery.storage import ObjectCache
    from refinery.trial import (
        TrialContext,
        backtest,
        check_out_both,
        describe_trials,
        find_costs,
        find_latest_models,
        run_trials,
    )

    with ExitStack() as stack:
        access = stack.enter_context(S3Access())
        cache = stack.enter_context(ObjectCache(project.PROJECT / _MANIFESTS))
        if against_latest:
            made = replace(
                made,
                stakes=find_latest_models(made, access.client),
                backtests=backtest(made, access.client, cache),
                costs=find_costs(made, access.client, cache),
            )
        if try_it:
            codes = stack.enter_context(check_out_both(project.PROJECT, made)) if code else None
            context = TrialContext(made.date, project.MODELS, rows, access.client, codes)
            trials = run_trials(made, context, lambda name: typer.echo(f"Training {name}", err=True))
            notes = (*made.notes, *describe_trials(made, context))
            made = add_trial_risks(replace(made, trials=trials, notes=notes))
    return made


def _write(made: Plan, form: Format) -> str:
    from refinery.review import plan_as_github, plan_as_json, plan_as_markdown, plan_as_text

    match form:
        case "json":
            return plan_as_json(made)
        case "markdown":
            return plan_as_markdown(made)
        case "github":
            return plan_as_github(made)
        case "text":
            width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else _WIDTH
            return plan_as_text(made, width=width, color=use_color(sys.stdout))


def _fails(made: Plan, fail_on: Level | None) -> bool:
    """Return whether configs are broken, or a risk that nobody accepted is that severe or worse."""
    failing = _LEVELS[: _LEVELS.index(fail_on) + 1] if fail_on else ()
    is_broken = any(problem.severity == "error" for problem in made.head_problems)
    return is_broken or any(risk.severity in failing and risk.accepted is None for risk in made.risks)
