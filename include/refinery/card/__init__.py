"""The model card: a manifest, held-out rows and a profile of the data in; a page and a short text out.

Other pages draw with its axes, and do not import the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refinery.card.drawing.axes import Axis, draw_axes, number_axis
from refinery.card.drawing.svg import Drawing
from refinery.card.held_out import HeldOut, ScoredRows
from refinery.spec.artifacts import CARD_HTML, CARD_MARKDOWN

if TYPE_CHECKING:
    from refinery.card.write import write_card

__all__ = [
    "CARD_HTML",
    "CARD_MARKDOWN",
    "Axis",
    "Drawing",
    "HeldOut",
    "ScoredRows",
    "draw_axes",
    "number_axis",
    "write_card",
]


def __getattr__(name: str) -> Any:
    """Import what writes a card when it is first used."""
    if name != "write_card":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from refinery.card.write import write_card

    return write_card
