"""Writes the card of a model: a page for people, and a short text for pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.artifacts import CARD_HTML, CARD_MARKDOWN
from include.card.content import gather
from include.card.figures import draw_figures
from include.card.pages import render_html, render_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.card.held_out import HeldOut
    from include.card.table_profile import TableProfile


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

    The page is one file that fetches nothing and runs nothing. Whatever the inputs lack is left out of it.

    Args:
        folder: Where to write.
        model: The fitted model; asked for predictions of sampled held-out rows with one column shuffled at a time.
        manifest: What is known of the model. Sections that it lacks are left out.
        held_out: The rows that it was judged on; None where it was not Refinery that judged it.
        table_profile: The dataset at a glance; None where it is not known.
        history: Manifests of models promoted earlier, in any order; the last five are shown.
    """
    content = gather(manifest, history)
    figures = draw_figures(model, held_out, table_profile, content)
    html = render_html(content, figures, table_profile)
    # Halves of surrogate pairs, which a file name may hold, are no text that UTF-8 can say.
    (folder / CARD_HTML).write_text(html, encoding="utf-8", errors="replace")
    (folder / CARD_MARKDOWN).write_text(render_markdown(content), encoding="utf-8", errors="replace")
