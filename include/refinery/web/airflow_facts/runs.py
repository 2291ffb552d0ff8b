"""A run of a DAG that holds pipelines: its tasks, and where they put models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from refinery.web.airflow_facts.outputs import find_outputs, read_outputs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from refinery.web.airflow_facts.outputs import Output


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task of a run."""

    task_id: str
    state: str
    try_number: int


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run of a DAG that holds pipelines.

    Attributes:
        run_id: Its id.
        state: Its state.
        moment: Its logical date, or when it was to start if it has none.
        params: What it was triggered with.
        tasks: Its tasks, by when they started.
        outputs: Where the pipelines of its version of the DAG put models.
        uploaded: The prefix that each uploading task wrote to, by the task's id.
    """

    run_id: str
    state: str
    moment: dt.datetime
    params: Mapping[str, Any]
    tasks: tuple[TaskFacts, ...]
    outputs: tuple[Output, ...]
    uploaded: Mapping[str, str]


def find_run(dag_id: str, run_id: str) -> RunFacts | None:
    """Return what Airflow knows of a run; None if there is none."""
    with create_session() as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None:
            return None
        instances = session.scalars(
            select(TaskInstance)
            .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
            .order_by(TaskInstance.start_date, TaskInstance.task_id)
        ).all()
        versions = [each.dag_version_id for each in instances if each.dag_version_id]
        serialized = session.scalar(
            select(SerializedDagModel).where(SerializedDagModel.dag_version_id.in_(versions)).limit(1)
        )
        outputs = find_outputs(serialized.data) if serialized else read_outputs(session).get(dag_id, ())
        uploads = [output.task_id for output in outputs]
        results = session.execute(
            select(XComModel.task_id, XComModel.value).where(
                XComModel.dag_id == dag_id,
                XComModel.run_id == run_id,
                XComModel.key == "return_value",
                XComModel.task_id.in_(uploads),
            )
        )
        return RunFacts(
            run_id=run_id,
            state=str(run.state),
            moment=run.logical_date or run.run_after,
            params=dict(run.conf or {}),
            tasks=tuple(
                TaskFacts(each.task_id, str(each.state or ""), each.try_number) for each in instances
            ),
            outputs=outputs,
            uploaded={task_id: _prefix_in(value) for task_id, value in results},
        )


def _prefix_in(value: Any) -> str:
    """Return the prefix in what an uploading task returned."""
    try:
        returned = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return ""
    return str(returned.get("prefix") or "") if isinstance(returned, dict) else ""
