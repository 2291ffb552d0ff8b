"""``refinery card``: a model's card, opened in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from refinery.cli import project
from refinery.cli.named_model import DateArgument, DateOption, ModelArgument, S3Access, find_model, given_once
from refinery.cli.run_params import ParamOption

_CARDS = Path(".local", "cards")


def card(
    model: ModelArgument,
    date: DateArgument = None,
    date_option: DateOption = None,
    *,
    as_markdown: project.MarkdownOption = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Open the card of the newest model that failed its gates.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the card to this file, and do not open it.", show_default=False
        ),
    ] = None,
    params: ParamOption = None,
    environment: project.EnvironmentOption = project.DEFAULT_ENVIRONMENT,
) -> None:
    """Open a model's card in the browser.

    The card is checked against the SHA-256 in the model's manifest and saved below .local/cards/; without a display,
    only its path is printed. Markdown is a short form for a pull request.

    Example: `refinery card petrol_consumption 2026-01-31`
    """
    from refinery.card import CARD_HTML, CARD_MARKDOWN
    from refinery.registry import read_card, read_report
    from refinery.training import other_versions

    named = find_model(model, given_once(date, date_option), environment, params)
    with S3Access() as access:
        client = named.client(access)
        manifest = (
            read_report(named.series, named.version, client=client) if rejected else named.manifest(client)
        )
        content = read_card(manifest, CARD_MARKDOWN if as_markdown else CARD_HTML, client=client)
    if difference := other_versions(manifest.content):
        typer.echo(f"Note: {manifest.prefix}: {difference}.", err=True)
    if out is not None:
        out.write_bytes(content)
    elif as_markdown:
        typer.echo(content.decode("utf-8"), nl=False)
    elif named.pipeline:
        below = manifest.prefix.key.removeprefix(named.series.root.key)
        version = named.series.version_of(manifest.prefix) or below
        _open(content, f"{named.pipeline.dag_id}-{version}")
    else:
        _open(content, f"{manifest.prefix.bucket}-{manifest.prefix.key}")


def _open(content: bytes, name: str) -> None:
    folder = project.PROJECT / _CARDS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{name.strip('/').replace('/', '-')}.html"
    file.write_bytes(content)
    typer.echo(file)
    if _has_display():
        webbrowser.open(file.as_uri())


def _has_display() -> bool:
    """Return whether a browser has a window to show; without one, a text browser might take over the terminal."""
    windows = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in windows)
