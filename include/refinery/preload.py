"""Import what tasks need once, in the processes that they are forked from.

LocalExecutor forks each task from the scheduler, and the dag-processor forks a process for each DAG file: both inherit the
modules. Celery's workers fork theirs, too, but tell no plugin of their start (see `celery_preload.py`). A task announces itself
to listeners as well, but imports nothing here that its step may not use.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from refinery.connections import preload_client

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "REFINERY_PRELOAD"
TRAINING = "training"
_SCHEDULER = "scheduler"
_DAG_FILES = ("refinery.rendering.loader", "refinery.rendering.dag_files", "refinery.operators")
_TASKS = (
    "refinery.rendering.dag_files",
    "refinery.rendering.dag_factory",
    "refinery.operators",
    "refinery.storage",
    "refinery.registry.inputs",
    "refinery.registry.load",
    "refinery.registry.recorded_spec",
    "refinery.card.page",
    "airflow.providers.amazon.aws.hooks.s3",
)
_TRAINING = (
    "pandas",
    "sklearn.ensemble",
    "sklearn.model_selection",
    "skrub",
    "refinery.training",
)

log = logging.getLogger(__name__)


@hookimpl
def on_starting(component: Any) -> None:
    """Preload what the component's children need.

    Args:
        component: What starts: a task, or the job of a scheduler, dag-processor or triggerer.
    """
    if not hasattr(component, "job_type"):
        return
    if _SCHEDULER in sys.argv:  # a job does not know its type yet
        preload_tasks()
    else:
        _preload(_DAG_FILES)


def preload_tasks() -> None:
    """Import what a task's start and S3 need, and with REFINERY_PRELOAD=training also what a training needs."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", TRAINING):
        log.warning('%s="%s" preloads nothing; its only value is "%s"', VARIABLE, wanted, TRAINING)
    _preload(_TASKS + (_TRAINING if wanted == TRAINING else ()))
    with _logged("the S3 client"):
        preload_client()


def _preload(modules: tuple[str, ...]) -> None:
    for module in modules:
        with _logged(module):
            import_module(module)
    log.info("Preloaded Refinery for tasks that are forked from this process")


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Log what goes wrong: a component must start, and its tasks report it better."""
    try:
        yield
    except Exception:
        log.exception("Refinery could not preload %s; tasks do without", what)
