"""Import what tasks need once, in the Airflow components that they are forked from.

LocalExecutor forks each task from the scheduler, and the dag-processor forks a process for each DAG file: both inherit the
modules. A task announces itself to listeners, too, but imports nothing here that its step may not use.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl

VARIABLE = "REFINERY_PRELOAD"
_TASK_START = (
    "refinery.rendering.loader",
    "refinery.rendering.dag_files",
    "refinery.operators",
    "refinery.storage",
    "refinery.registry",
    "refinery.card",
)
_TRAINING = ("boto3", "pandas", "sklearn.ensemble", "sklearn.model_selection", "matplotlib.figure")

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Import the modules that a task's start needs, and with REFINERY_PRELOAD=training also those of a training.

    Args:
        component: What starts: a task, or the job of a scheduler, dag-processor or triggerer.
    """
    if not hasattr(component, "job_type"):
        return
    wanted = os.environ.get(VARIABLE, "")
    for module in _TASK_START + (_TRAINING if wanted == "training" else ()):
        try:
            import_module(module)
        except Exception:
            log.exception("Refinery could not preload %s; tasks import it themselves", module)
            return
    log.info("Preloaded Refinery for tasks that are forked from this process")
