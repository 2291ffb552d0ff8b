"""Copies of this project with other configs, which benchmarks may change as they like."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from benchmarks import PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CODE = ("dags", "include", "plugins")


def copy_project(folder: Path, configs: Mapping[str, str]) -> Path:
    """Copy the project's code, without its configs.

    Args:
        folder: Where to.
        configs: The text of each config by its path below `configs/`.

    Returns:
        The folder.
    """
    for name in _CODE:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in configs.items():
        file = folder / "configs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def environment_of(project: Path) -> dict[str, str]:
    """Return what a process needs to import the code of a copy, and to leave other Airflows alone."""
    return {
        "PYTHONPATH": f"{project}:{project / 'include'}",
        "AIRFLOW_HOME": str(project / "airflow"),
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",  # 30 seconds, the default, may be too few for 10,000 configs
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }
