"""The machine-learning tasks of models."""

from __future__ import annotations

REGRESSION = "regression"
CLASSIFICATION = "classification"
