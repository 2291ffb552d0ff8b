"""The project that the command works on: the folder above the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.config import Project

PROJECT = Path(__file__).resolve().parents[2]
