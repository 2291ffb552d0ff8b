"""The project that the command works on: the folder above the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.config import Project

PROJECT = Path(__file__).resolve().parents[2]
CONFIGS = PROJECT / "configs"
MODELS = PROJECT / "include" / "models"


def default_environment() -> str:
    """Return the name of the environment that configs are read for."""
    return os.environ.get("REFINERY_ENV", "local")


def read_project(environment: str | None = None) -> Project:
    """Read every config."""
    from include.config import load_project

    return load_project(CONFIGS, models_dir=MODELS, environment=environment or default_environment())
