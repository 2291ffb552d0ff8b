"""The root of what can go wrong in training."""

from __future__ import annotations

from include.errors import RefineryError


class TrainingError(RefineryError):
    """A model could not be trained or loaded; trying again with nothing changed would end the same."""
