"""Draws the card of a model that training has just judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.card import write_card
from include.card.table_profile import ColumnSummary, Distribution, TableProfile

if TYPE_CHECKING:
    from pathlib import Path

    from include.training import TableProfile as TrainingProfile
    from include.training import Trained
    from refinery_operators.promoted import PromotedModels


def write_model_card(promoted: PromotedModels | None, folder: Path, trained: Trained) -> None:
    """Write card.html and card.md into a folder, with the promoted models' metrics beside this one's."""
    write_card(
        folder,
        model=trained.model,
        manifest=trained.manifest,
        held_out=trained.held_out,
        table_profile=_translate(trained.profile) if trained.profile else None,
        history=promoted.history() if promoted else (),
    )


def _translate(profile: TrainingProfile) -> TableProfile:
    """Say training's profile in the card's words: the two know nothing of each other."""
    columns = tuple(
        ColumnSummary(column.name, column.dtype, column.nulls, column.low, column.high, column.mean)
        for column in profile.columns
    )
    return TableProfile(profile.rows, columns, columns[-1].name, _distribution(profile))


def _distribution(profile: TrainingProfile) -> Distribution | None:
    if profile.target_counts:
        return Distribution(tuple(profile.target_counts.values()), values=tuple(profile.target_counts))
    if profile.target_bins:
        lows, highs, rows = zip(*profile.target_bins, strict=True)
        return Distribution(rows, edges=(*lows, highs[-1]))
    return None
