"""Shows broken configs among Airflow's import errors; makes no DAG. Airflow reads only files that say "airflow" and "dag".

A file of its own: Airflow retires every DAG of a file that has an import error, and one broken config must not take the
healthy pipelines with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

project = Path(__file__).resolve().parents[1]
sys.path[:0] = [folder for folder in (str(project), str(project / "plugins")) if folder not in sys.path]

from include.rendering.loader import report_broken_configs  # noqa: E402 - with a git bundle the project is not on the path before

report_broken_configs(project)
