"""Find the Airflow home, without importing Airflow."""

from __future__ import annotations

import os
from pathlib import Path


def airflow_home() -> Path:
    """Return the Airflow home, as Airflow finds it."""
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
