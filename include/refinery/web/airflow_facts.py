"""What the pages ask of Airflow: who the user is and may do, and what its database knows of DAGs and runs.

No other module of the pages knows how Airflow's web server and database are made. `tests/web/test_airflow_facts.py` notices when
something of it has moved.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from airflow.configuration import conf
from airflow.models.dag import DagModel, DagTag
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.log.log_reader import TaskLogReader
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from refinery.spec.names import TAG, split_dag_id
from refinery.web.mount import URL_PREFIX

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from sqlalchemy.orm import Session

__all__ = ["get_user"]

log = logging.getLogger(__name__)

# Those that all pipelines have.
_COMMON_TAGS = ("dagfactory", TAG)
# A log that is longer was not written by one of our tasks.
_MOST_LOG_LINES = 100_000
_WHOLE_LOG: Any = {}
_MOST_IN_QUERY = 500

# Rows, not objects, of which there may be thousands for each view.
_DAG_COLUMNS = (
    DagModel.dag_id,
    DagModel.description,
    DagModel.owners,
    DagModel.is_paused,
    DagModel.is_stale,
    DagModel.timetable_description,
    DagModel.timetable_summary,
    DagModel.next_dagrun_create_after,
)
# The class of the tasks that upload models, as Airflow serializes it.
_UPLOAD = ("refinery.operators.upload", "UploadModelOperator")
# Dependencies of routes: who may read a DAG, and who may change it. They read the DAG's id from the path.
reads_dag = requires_access_dag("GET")
edits_dag = requires_access_dag("PUT")
reads_runs = requires_access_dag("GET", DagAccessEntity.RUN)


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


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run of a DAG that was made last."""

    run_id: str
    state: str
    run_after: dt.datetime


@dataclass(frozen=True, slots=True)
class DagFacts:
    """A DAG that holds at least one pipeline.

    Attributes:
        dag_id: Its id.
        description: What its author says of it.
        owners: Who owns its tasks.
        tags: Its tags, without those that all pipelines have.
        is_paused: Whether it is paused.
        is_gone: Whether Airflow does not find it anymore: its config was deleted, or is broken.
        is_broken: Whether an import error names its config.
        schedule: Its schedule in words.
        next_run: When its next run starts.
        last_run: The run that was made last.
        outputs: Where its pipelines put models.
    """

    dag_id: str
    description: str
    owners: str
    tags: tuple[str, ...]
    is_paused: bool
    is_gone: bool
    is_broken: bool
    schedule: str
    next_run: dt.datetime | None
    last_run: LastRun | None
    outputs: tuple[Output, ...]


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


@dataclass(slots=True)
class _Outputs:
    """The outputs of all DAGs, by their ids, as of a moment: reading all of them is slow, and they seldom change."""

    as_of: dt.datetime | None = None
    versions: dict[str, int] = field(default_factory=dict)
    by_dag: dict[str, tuple[Output, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_outputs = _Outputs()


def readable_dags(user: BaseUser) -> set[str]:
    """Return the ids of the DAGs that a user may read."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def may_edit(user: BaseUser, dag_id: str) -> bool:
    """Return whether a user may change a DAG, and so the models of its pipelines."""
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return bool(get_auth_manager().is_authorized_dag(method="PUT", details=details, user=user))


def secret_key() -> str:
    """Return the secret that all web servers of this Airflow share."""
    return str(conf.get("api", "secret_key"))


def ui_url(path: str) -> str:
    """Return the URL of a page of Airflow's own, from the root of its host."""
    root = str(conf.get("api", "base_url", fallback="/") or "/")
    _, _, below = root.partition("://")
    above = f"/{below.partition('/')[2]}" if below else root
    return f"{above.rstrip('/')}/{path.lstrip('/')}"


def pages_url() -> str:
    """Return the path of Refinery's pages on this host."""
    return ui_url(URL_PREFIX)


def find_dags(dag_ids: Iterable[str]) -> list[DagFacts]:
    """Return what Airflow knows of those of some DAGs that hold pipelines."""
    wanted = set(dag_ids)
    with create_session() as session:
        outputs = _read_outputs(session)
        ours = sorted(wanted & outputs.keys())
        tags = _tags(session, ours)
        last_runs = _last_runs(session, ours)
        models = [
            model
            for part in _parts(ours)
            for model in session.execute(select(*_DAG_COLUMNS).where(DagModel.dag_id.in_(part)))
        ]
        is_any_gone = any(model.is_stale for model in models)
        found_errors = session.scalars(select(ParseImportError.stacktrace)) if is_any_gone else ()
        import_errors = "\n".join(filter(None, found_errors))
        return [
            DagFacts(
                dag_id=model.dag_id,
                description=model.description or "",
                owners=model.owners or "",
                tags=tuple(tags[model.dag_id]),
                is_paused=bool(model.is_paused),
                is_gone=bool(model.is_stale),
                is_broken=bool(model.is_stale) and _config_of(model.dag_id) in import_errors,
                schedule=model.timetable_description or model.timetable_summary or "",
                next_run=model.next_dagrun_create_after,
                last_run=last_runs.get(model.dag_id),
                outputs=outputs[model.dag_id],
            )
            for model in models
        ]


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
        outputs = _find_outputs(serialized.data) if serialized else _read_outputs(session).get(dag_id, ())
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


def may_read_logs(user: BaseUser, dag_id: str) -> bool:
    """Return whether a user may read the logs of a DAG's tasks."""
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return bool(
        get_auth_manager().is_authorized_dag(
            method="GET", access_entity=DagAccessEntity.TASK_LOGS, details=details, user=user
        )
    )


def read_failure(dag_id: str, run_id: str, task: TaskFacts) -> Failure:
    """Return why a task failed: Airflow keeps the exception in the task's log alone."""
    nothing = Failure(task.task_id, task.try_number, "", "")
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
        if instance is None:
            return nothing
        try:
            lines, _ = TaskLogReader().read_log_chunks(instance, task.try_number, _WHOLE_LOG)
            for line in islice(lines, _MOST_LOG_LINES):
                if detail := getattr(line, "error_detail", None):
                    outermost = detail[0]
                    nothing = Failure(
                        task.task_id,
                        task.try_number,
                        str(outermost.get("exc_type") or ""),
                        str(outermost.get("exc_value") or ""),
                    )
        except Exception:
            log.exception("The log of %s in %s could not be read for a page", task.task_id, run_id)
    return nothing


def _config_of(dag_id: str) -> str:
    """Return how an error about the config of a DAG names it, in whichever folder configs are."""
    return f"/{'/'.join(split_dag_id(dag_id) or (dag_id,))}.y"


def _tags(session: Session, dag_ids: list[str]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = defaultdict(list)
    wanted = set(dag_ids)
    for dag_id, name in session.execute(select(DagTag.dag_id, DagTag.name).order_by(DagTag.name)):
        if dag_id in wanted and name not in _COMMON_TAGS:
            tags[dag_id].append(name)
    return tags


def _last_runs(session: Session, dag_ids: list[str]) -> dict[str, LastRun]:
    """Return the run of each DAG that was made last: that one is found by an index, however many runs there are."""
    found: dict[str, LastRun] = {}
    candidates = aliased(DagRun)
    last = (
        select(candidates.id)
        .where(candidates.dag_id == DagModel.dag_id)
        .order_by(candidates.id.desc())
        .limit(1)
        .correlate(DagModel)
        .scalar_subquery()
    )
    query = select(DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.run_after).join(
        DagModel, DagRun.id == last
    )
    for part in _parts(dag_ids):
        for dag_id, run_id, state, run_after in session.execute(query.where(DagModel.dag_id.in_(part))):
            found[dag_id] = LastRun(run_id, str(state), run_after)
    return found


def _parts(dag_ids: list[str]) -> Iterator[list[str]]:
    """Yield ids in parts that every database takes in one question."""
    for start in range(0, len(dag_ids), _MOST_IN_QUERY):
        yield dag_ids[start : start + _MOST_IN_QUERY]


def _read_outputs(session: Session) -> dict[str, tuple[Output, ...]]:
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
                _outputs.by_dag[dag_id] = _find_outputs(serialized.data)
            _outputs.as_of = max(_outputs.as_of or serialized.last_updated, serialized.last_updated)
            session.expunge(serialized)
        return {dag_id: outputs for dag_id, outputs in _outputs.by_dag.items() if outputs}


def _find_outputs(data: Any) -> tuple[Output, ...]:
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
