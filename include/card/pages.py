"""Lays the card out, as HTML and as Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from include.card import wording

if TYPE_CHECKING:
    from jinja2 import Environment

    from include.card.content import Content
    from include.card.figures import Figures
    from include.card.table_profile import TableProfile

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_COLUMNS = 40
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&@!$])")
_BACKTICKS = re.compile(r"`+")


def render_html(content: Content, figures: Figures, profile: TableProfile | None) -> str:
    """Lay out the page."""
    template = _environment().get_template("card.html")
    columns = [] if profile is None else profile.columns[:_MOST_COLUMNS]
    left_out = 0 if profile is None else len(profile.columns) - len(columns)
    return template.render(
        content=content, figures=figures, profile=profile, columns=columns, columns_left_out=left_out
    )


def render_markdown(content: Content) -> str:
    """Lay out the short text."""
    return _environment().get_template("card.md").render(content=content)


def code(text: str) -> str:
    """Give a text as a code span that may stand in a table, so that nothing in it is read as Markdown."""
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", "\\|") if text else ""


def plain(text: str) -> str:
    """Escape what Markdown or HTML would read in a sentence."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", text)


def fence(text: str) -> str:
    """Give a row of backticks longer than any in a text, to stand before and after it."""
    return "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        # In Markdown it is the filters below that escape each value.
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
        "code": code,
        "plain": plain,
        "fence": fence,
    }
    environment.globals["count"] = wording.count
    return environment
