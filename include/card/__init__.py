"""The model card: a manifest, held-out rows and a look at the data in; a page and a short text out."""

from include.artifacts import CARD_HTML, CARD_MARKDOWN
from include.card.card import write_card
from include.card.errors import CardError
from include.card.held_out import HeldOut
from include.card.table_profile import ColumnSummary, TableProfile, profile_table

__all__ = [
    "CARD_HTML",
    "CARD_MARKDOWN",
    "CardError",
    "ColumnSummary",
    "HeldOut",
    "TableProfile",
    "profile_table",
    "write_card",
]
