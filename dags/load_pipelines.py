"""Turn every config in configs/ into an Airflow DAG. Airflow reads only files that contain "airflow" and "dag"."""

from __future__ import annotations

import sys
from pathlib import Path

project = Path(__file__).resolve().parents[1]
sys.path[:0] = [folder for folder in [str(project)] if folder not in sys.path]
sys.path += [
    folder for folder in [str(project / "include")] if folder not in sys.path
]  # last, so that it hides no package

import refinery  # noqa: E402 - with a git bundle, the project is not on the path before

globals().update(refinery.load_pipelines(project / "configs"))
