"""The route of a run's and a task's tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException

from refinery.web import airflow_facts
from refinery.web.model_store import UnfilledParamError, series_of
from refinery.web.place import PlaceDep
from refinery.web.rendering import page
from refinery.web.run import compare_metrics, describe, failed_tasks, read_outcome

if TYPE_CHECKING:
    from refinery.registry import Latest
    from refinery.web.airflow_facts import Output, RunFacts
    from refinery.web.model_store import ModelStore

User = Annotated[Any, Depends(airflow_facts.get_user)]
_PATIENCE = 4.0


def run_routes(store: ModelStore) -> APIRouter:
    """Return the route.

    Args:
        store: Reads models.
    """
    router = APIRouter(prefix="/dags/{dag_id}")

    @router.get("/run", dependencies=[Depends(airflow_facts.reads_runs)])
    def run(dag_id: str, place: PlaceDep, user: User, run_id: str, task_id: str = "") -> Any:
        facts = airflow_facts.find_run(dag_id, run_id)
        if facts is None:
            raise HTTPException(404, f"Airflow has no run {run_id} of {dag_id}.")
        output = _output(facts, task_id) or place.output
        outcome = read_outcome(facts, output, store)
        latest = _latest(output, facts, store)
        failed = failed_tasks(facts, task_id)
        may_read = airflow_facts.may_read_logs(user, dag_id)
        failures = [airflow_facts.read_failure(dag_id, run_id, task) for task in failed] if may_read else []
        is_latest = latest is not None and latest.run_id == run_id
        return page(
            "run.html",
            place=place,
            run=facts,
            outcome=outcome,
            model=describe(outcome.manifest) if outcome.manifest else None,
            failed=failed,
            failures=failures,
            latest=latest,
            is_latest=is_latest,
            metrics=compare_metrics(outcome.manifest, None if is_latest else latest),
            version_id=_version_id(output, facts, outcome.prefix),
        )

    return router


def _output(run: RunFacts, task_id: str) -> Output | None:
    """Return the pipeline of a task, else the first of the run."""
    group = task_id.rpartition(".")[0]
    return next((each for each in run.outputs if each.group == group), next(iter(run.outputs), None))


def _latest(output: Output, run: RunFacts, store: ModelStore) -> Latest | None:
    try:
        series = series_of(output, {name: str(value) for name, value in run.params.items()})
    except UnfilledParamError:
        return None
    reading = store.latest_of(series, output.connection, patience=_PATIENCE)
    return reading.value.latest if reading.value else None


def _version_id(output: Output, run: RunFacts, prefix: Any) -> str:
    """Return the id of a model for the card's route; empty if it has none."""
    if prefix is None:
        return ""
    try:
        series = series_of(output, {name: str(value) for name, value in run.params.items()})
    except UnfilledParamError:
        return ""
    root = series.root.key
    return prefix.key.removeprefix(root) if prefix.key.startswith(root) else ""
