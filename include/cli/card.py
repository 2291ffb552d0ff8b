"""``refinery card``: a model's card, opened in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from include.cli import project
from include.cli.series import LATEST, open_series, version_named

_CARDS = Path(".local", "cards")


def card(
    name: project.PipelineArgument,
    version: Annotated[
        str, typer.Argument(metavar="[DATE]", help="The model, by the date of its run.")
    ] = LATEST,
    *,
    as_markdown: Annotated[
        bool, typer.Option("--md", help="Print its short form in Markdown, for pull requests.")
    ] = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="The card of the newest model that failed its gates.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to this file and open nothing.", show_default=False),
    ] = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Open the card of a pipeline's latest model, or of the one of a date, in the browser.

    The card's SHA-256 is checked against the model's manifest. It is kept below .local/cards/; without a display its path
    is printed and no more.

    Example: `./refinery card petrol_consumption 2026-01-31`
    """
    from include.card import CARD_HTML, CARD_MARKDOWN
    from include.registry import find_manifest, read_card, read_report

    find = read_report if rejected else find_manifest
    with open_series(project.read_pipeline(name, environment)) as (series, client):
        manifest = find(series, version_named(version), client=client)
        content = read_card(manifest, CARD_MARKDOWN if as_markdown else CARD_HTML, client=client)
        below = manifest.prefix.key.removeprefix(series.root.key).strip("/")
        found = series.version_of(manifest.prefix) or below
    if out is not None:
        out.write_bytes(content)
    elif as_markdown:
        typer.echo(content.decode("utf-8"), nl=False)
    else:
        _open(content, name, found)


def _open(content: bytes, name: str, version: str) -> None:
    folder = project.PROJECT / _CARDS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name}-{version.replace('/', '-')}.html"
    file.write_bytes(content)
    typer.echo(file)
    if _has_display():
        webbrowser.open(file.as_uri())


def _has_display() -> bool:
    """Tell whether a browser has a window to show; without one, a browser of the terminal might take it over."""
    windows = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in windows)
