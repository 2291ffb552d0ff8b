"""Read the DAGs that hold pipelines from Airflow's database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import aliased

from refinery.spec.names import TAG, split_dag_id
from refinery.web.airflow_facts.outputs import read_outputs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from refinery.web.airflow_facts.outputs import Output

# Those that all pipelines have.
_COMMON_TAGS = ("dagfactory", TAG)
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


def find_dags(dag_ids: Iterable[str]) -> list[DagFacts]:
    """Return what Airflow knows of those of some DAGs that hold pipelines."""
    wanted = set(dag_ids)
    with create_session() as session:
        outputs = read_outputs(session)
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
