"""The model card: a manifest, held-out rows and a profile of the data in; a page and a short text out.

Other pages draw with its axes.
"""

from refinery.card.drawing.axes import Axis, draw_axes, number_axis
from refinery.card.drawing.svg import Drawing
from refinery.card.held_out import HeldOut, ScoredRows
from refinery.card.write import write_card
from refinery.spec.artifacts import CARD_HTML, CARD_MARKDOWN

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
