"""Read where pipelines put their models from the serialized DAGs, so that the web server needs no configs."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.models.dag_version import DagVersion
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import select

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

# The class of the tasks that upload models, as Airflow serializes it.
_UPLOAD = ("refinery.operators.upload", "UploadModelOperator")


@dataclass(frozen=True, slots=True)
class Output:
    """Where one pipeline of a DAG puts its models.

    Attributes:
        task_id: The task that uploads them.
        group: The task group of the pipeline in the DAG; empty if it is the whole DAG.
        prefix: The output prefix, with its templates.
        connection: The Airflow connection for it.
        params: The DAG's params that have a default, with it.
    """

    task_id: str
    group: str
    prefix: str
    connection: str
    params: Mapping[str, Any]


@dataclass(slots=True)
class _Outputs:
    """The outputs of all DAGs, by their ids, as of a moment: reading all of them is slow, and they seldom change."""

    as_of: dt.datetime | None = None
    versions: dict[str, int] = field(default_factory=dict)
    by_dag: dict[str, tuple[Output, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_outputs = _Outputs()


def read_outputs(session: Session) -> dict[str, tuple[Output, ...]]:
    """Return the outputs of every DAG that holds pipelines, from what was serialized since the last time."""
    with _outputs.lock:
        query = select(SerializedDagModel, DagVersion.version_number).join(
            DagVersion, SerializedDagModel.dag_version_id == DagVersion.id
        )
        if _outputs.as_of is not None:
            query = query.where(SerializedDagModel.last_updated >= _outputs.as_of)
        for serialized, number in session.execute(query.execution_options(yield_per=20)):
            dag_id = serialized.dag_id
            if number >= _outputs.versions.get(dag_id, 0):
                _outputs.versions[dag_id] = number
                _outputs.by_dag[dag_id] = find_outputs(serialized.data)
            _outputs.as_of = max(_outputs.as_of or serialized.last_updated, serialized.last_updated)
            session.expunge(serialized)
        return {dag_id: outputs for dag_id, outputs in _outputs.by_dag.items() if outputs}


def find_outputs(data: Any) -> tuple[Output, ...]:
    """Find the uploading tasks of a serialized DAG; of their fields it holds what is templated, before it is rendered."""
    dag = (json.loads(data) if isinstance(data, str) else data or {}).get("dag") or {}
    params = {
        name: param["default"]
        for name, param in dag.get("params") or []
        if isinstance(param.get("default"), str | int | float)
    }
    found = []
    for each in dag.get("tasks") or []:
        task = each.get("__var", each)
        if (task.get("_task_module"), task.get("task_type")) == _UPLOAD and task.get("prefix"):
            group = task["task_id"].rpartition(".")[0]
            found.append(
                Output(
                    task["task_id"], group, str(task["prefix"]), str(task.get("aws_conn_id") or ""), params
                )
            )
    return tuple(found)
