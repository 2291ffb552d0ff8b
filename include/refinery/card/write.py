"""Write the card of a model: a page for people, and a short text for pull requests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refinery.card import wording
from refinery.card.content import gather
from refinery.card.figures import draw_figures
from refinery.spec.artifacts import CARD_HTML, CARD_MARKDOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from refinery.card.content import Content
    from refinery.card.figures import Figures
    from refinery.card.held_out import HeldOut
    from refinery.spec.table_profile import TableProfile

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_COLUMNS = 40
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&@!$])")
_BACKTICKS = re.compile(r"`+")


def write_card(
    folder: Path,
    *,
    model: Any,
    manifest: Mapping[str, Any],
    held_out: HeldOut | None,
    table_profile: TableProfile | None,
    history: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write card.html and card.md; the same inputs give the same bytes.

    The page is one file that loads nothing and runs no code. Whatever the inputs lack is left out of it.

    Args:
        folder: Where to write.
        model: The fitted model; it predicts sampled held-out rows with one column shuffled at a time.
        manifest: The model's manifest. Sections that it lacks are left out.
        held_out: The rows that it was evaluated on; None if Refinery did not evaluate it.
        table_profile: The dataset at a glance; None if it is not known.
        history: Manifests of models promoted earlier, in any order; the last five are shown.
    """
    content = gather(manifest, history)
    figures = draw_figures(model, held_out, table_profile, content)
    html = _render_html(content, figures, table_profile)
    # UTF-8 cannot encode halves of surrogate pairs, which a file name may contain.
    (folder / CARD_HTML).write_text(html, encoding="utf-8", errors="replace")
    markdown = _environment().get_template("card.md").render(content=content)
    (folder / CARD_MARKDOWN).write_text(markdown, encoding="utf-8", errors="replace")


def _render_html(content: Content, figures: Figures, profile: TableProfile | None) -> str:
    """Render the page."""
    template = _environment().get_template("card.html")
    columns = [] if profile is None else profile.columns[:_MOST_COLUMNS]
    left_out = 0 if profile is None else len(profile.columns) - len(columns)
    return template.render(
        content=content, figures=figures, profile=profile, columns=columns, columns_left_out=left_out
    )


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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

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
