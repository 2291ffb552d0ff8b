"""Draws the card of a model that training has just judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.card import write_card

if TYPE_CHECKING:
    from pathlib import Path

    from include.training import Trained
    from refinery_operators.promoted import PromotedModels


def write_model_card(promoted: PromotedModels | None, folder: Path, trained: Trained) -> None:
    """Write card.html and card.md into a folder, with the promoted models' metrics beside this one's."""
    write_card(
        folder,
        model=trained.model,
        manifest=trained.manifest,
        held_out=trained.held_out,
        table_profile=trained.profile,
        history=promoted.history() if promoted else (),
    )
