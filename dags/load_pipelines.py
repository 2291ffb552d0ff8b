"""Makes every config in configs/ an Airflow DAG. Airflow reads only files that say "airflow" and "dag"."""

from __future__ import annotations

import sys
from pathlib import Path

project = Path(__file__).resolve().parents[1]
sys.path[:0] = [folder for folder in (str(project), str(project / "plugins")) if folder not in sys.path]

from include.rendering.loader import load_dags  # noqa: E402 - with a git bundle the project is not on the path before

globals().update(load_dags(project))
