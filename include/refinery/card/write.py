"""Write the card of a model: a page for people, and a short text for pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.card.content import gather
from refinery.card.figures import draw_figures
from refinery.spec.artifacts import CARD_HTML, CARD_MARKDOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from refinery.card.held_out import HeldOut, ScoredRows
    from refinery.spec.table_profile import TableProfile


def write_card(
    folder: Path,
    *,
    model: Any,
    manifest: Mapping[str, Any],
    held_out: HeldOut | ScoredRows | None,
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
    from refinery.card.page import render_markdown, render_page

    content = gather(manifest, history)
    figures = draw_figures(model, held_out, table_profile, content)
    for name, text in (
        (CARD_HTML, render_page(content, figures, table_profile)),
        (CARD_MARKDOWN, render_markdown(content)),
    ):
        # UTF-8 cannot encode halves of surrogate pairs, which a file name may contain.
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
