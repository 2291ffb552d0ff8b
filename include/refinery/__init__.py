"""Refinery: machine-learning training pipelines as reviewed YAML, on Apache Airflow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from refinery.registry import load_model
    from refinery.rendering.dag_files import load_pipelines, refinery_task_group, report_broken_configs

__all__ = ["load_model", "load_pipelines", "refinery_task_group", "report_broken_configs"]

# Imported on first use: a DAG file does not need scikit-learn, and a notebook does not need dag-factory.
_HOMES = {
    "load_model": "refinery.registry",
    "load_pipelines": "refinery.rendering.dag_files",
    "refinery_task_group": "refinery.rendering.dag_files",
    "report_broken_configs": "refinery.rendering.dag_files",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
