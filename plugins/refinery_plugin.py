"""Register Refinery with Airflow: its operators, and the middleware of the web server."""

from __future__ import annotations

import sys
from pathlib import Path

project = Path(__file__).resolve().parents[1]
sys.path[:0] = [folder for folder in [str(project)] if folder not in sys.path]
sys.path += [
    folder for folder in [str(project / "include")] if folder not in sys.path
]  # last, so that it hides no package

from refinery.operators import (  # noqa: E402 - the library is not on the path before
    CleanUpOperator,
    DownloadDatasetOperator,
    TrainModelOperator,
    UploadModelOperator,
)
from refinery.plugin import RefineryPlugin  # noqa: E402

__all__ = [
    "CleanUpOperator",
    "DownloadDatasetOperator",
    "RefineryPlugin",
    "TrainModelOperator",
    "UploadModelOperator",
]
