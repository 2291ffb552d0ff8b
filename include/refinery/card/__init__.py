"""The model card: a manifest, held-out rows and a profile of the data in; a page and a short text out."""

from refinery.card.held_out import HeldOut, ScoredRows
from refinery.card.write import write_card
from refinery.spec.artifacts import CARD_HTML, CARD_MARKDOWN

__all__ = [
    "CARD_HTML",
    "CARD_MARKDOWN",
    "HeldOut",
    "ScoredRows",
    "write_card",
]
