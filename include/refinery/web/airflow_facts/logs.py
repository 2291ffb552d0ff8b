"""Why a task failed: Airflow keeps that in the task's log alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow.models.taskinstance import TaskInstance
from airflow.utils.log.log_reader import TaskLogReader
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import joinedload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refinery.web.airflow_facts.runs import TaskFacts

log = logging.getLogger(__name__)

# A log that is longer was not written by one of our tasks.
_MOST_LOG_LINES = 100_000
_WHOLE_LOG: Any = {}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed, as its log says.

    Attributes:
        task_id: The task.
        try_number: Which try of it.
        kind: The exception's class; empty if the log names none.
        sentence: What it says; empty if the log does not say, or could not be read.
    """

    task_id: str
    try_number: int
    kind: str
    sentence: str


def read_failure(dag_id: str, run_id: str, task: TaskFacts) -> Failure:
    """Return why a task failed."""
    kind = sentence = ""
    with create_session() as session:
        instance = session.scalar(
            select(TaskInstance)
            .where(
                TaskInstance.dag_id == dag_id,
                TaskInstance.run_id == run_id,
                TaskInstance.task_id == task.task_id,
                TaskInstance.map_index == -1,
            )
            .options(joinedload(TaskInstance.dag_run), joinedload(TaskInstance.dag_model))
        )
        try:
            for error in _errors(instance, task.try_number) if instance else ():
                kind, sentence = str(error.get("exc_type") or ""), str(error.get("exc_value") or "")
        except Exception:
            log.exception("The log of %s in %s could not be read for a page", task.task_id, run_id)
    return Failure(task.task_id, task.try_number, kind, sentence)


def _errors(instance: TaskInstance, try_number: int) -> Iterator[dict[str, Any]]:
    """Yield the outermost exception of each line of a task's log that has one."""
    lines, _ = TaskLogReader().read_log_chunks(instance, try_number, _WHOLE_LOG)
    for line in islice(lines, _MOST_LOG_LINES):
        if detail := getattr(line, "error_detail", None):
            yield detail[0]
