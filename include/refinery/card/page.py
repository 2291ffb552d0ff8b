"""Render the card's page and its short text from templates, which importing this module compiles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from refinery.card import wording

if TYPE_CHECKING:
    from refinery.card.content import Content
    from refinery.card.figures import Figures
    from refinery.spec.table_profile import TableProfile

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_COLUMNS = 40
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&@!$])")
_BACKTICKS = re.compile(r"`+")


def render_page(content: Content, figures: Figures, profile: TableProfile | None) -> str:
    """Render the page."""
    columns = [] if profile is None else profile.columns[:_MOST_COLUMNS]
    left_out = 0 if profile is None else len(profile.columns) - len(columns)
    return _PAGE.render(
        content=content, figures=figures, profile=profile, columns=columns, columns_left_out=left_out
    )


def render_markdown(content: Content) -> str:
    """Render the short text."""
    return _MARKDOWN.render(content=content)


def _code(text: str) -> str:
    """Return a text as a code span that also works in a table, so that nothing in it is read as Markdown."""
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", "\\|") if text else ""


def _plain(text: str) -> str:
    """Escape what Markdown or HTML would interpret in a sentence."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", text)


def _fence(text: str) -> str:
    """Return a run of backticks longer than any in a text, to put before and after it."""
    return "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        # In Markdown, the filters below escape each value.
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": wording.number,
        "grouped": wording.grouped,
        "share": wording.share,
        "shorten": wording.shorten,
        "code": _code,
        "plain": _plain,
        "fence": _fence,
    }
    environment.globals["count"] = wording.count
    return environment


# Compiled here, and not with the first card: a scheduler that preloads this module does it once for all its tasks.
_PAGE, _MARKDOWN = map(_environment().get_template, ("card.html", "card.md"))
