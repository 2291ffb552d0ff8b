"""The routes of a run's and a task's tab, and of the manifest of what a run made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException

from refinery.spec.run_params import write_param
from refinery.web import airflow_facts
from refinery.web.kept import shape_errors
from refinery.web.place import Place, PlaceDep
from refinery.web.rendering import manifest_file, page
from refinery.web.run import compare_metrics, describe, failed_tasks, read_outcome
from refinery.web.series import UnfilledParamError, params_of

if TYPE_CHECKING:
    from refinery.registry import Latest
    from refinery.spec.urls import S3Url
    from refinery.web.airflow_facts import RunFacts
    from refinery.web.model_store import ModelStore

User = Annotated[Any, Depends(airflow_facts.get_user)]
_PATIENCE = 4.0


def run_routes(store: ModelStore) -> APIRouter:
    """Return the routes.

    Args:
        store: Reads models.
    """
    router = APIRouter(prefix="/dags/{dag_id}")

    @router.get("/runs/{run_id:path}", dependencies=[Depends(airflow_facts.reads_runs)])
    def run(dag_id: str, place: PlaceDep, user: User, run_id: str, task_id: str = "") -> Any:
        facts = _find_run(dag_id, run_id)
        place = _place_of_run(place, facts, task_id)
        outcome = read_outcome(dag_id, facts, place.output, store)
        latest = _latest(place, store)
        failed = failed_tasks(facts, task_id)
        may_read = airflow_facts.may_read_logs(user, dag_id)
        failures = [airflow_facts.read_failure(dag_id, run_id, task) for task in failed] if may_read else []
        is_latest = latest is not None and latest.run_id == run_id
        with shape_errors(outcome.prefix or place.output.prefix):
            model = describe(outcome.content) if outcome.content else None
            metrics = compare_metrics(outcome.content, None if is_latest else latest)
        return page(
            "run.html",
            place=place,
            run=facts,
            task_id=task_id,
            outcome=outcome,
            model=model,
            failed=failed,
            failures=failures,
            latest=latest,
            is_latest=is_latest,
            metrics=metrics,
            version_id=_version_id(place, outcome.prefix),
        )

    @router.get("/run/manifest", dependencies=[Depends(airflow_facts.reads_runs)])
    def manifest(dag_id: str, place: PlaceDep, run_id: str, task_id: str = "") -> Any:
        facts = _find_run(dag_id, run_id)
        outcome = read_outcome(dag_id, facts, _place_of_run(place, facts, task_id).output, store)
        if outcome.manifest is None:
            raise HTTPException(404, outcome.problem or "This run left no model, or it was deleted since.")
        return manifest_file(outcome.manifest.raw)

    return router


def _find_run(dag_id: str, run_id: str) -> RunFacts:
    facts = airflow_facts.find_run(dag_id, run_id)
    if facts is None:
        raise HTTPException(404, f"Airflow has no run {run_id} of {dag_id}.")
    return facts


def _place_of_run(place: Place, run: RunFacts, task_id: str) -> Place:
    """Return the pipeline of a task, else the first of the run, with the params that the run had."""
    group = task_id.rpartition(".")[0]
    found = next((each for each in run.outputs if each.group == group), next(iter(run.outputs), None))
    output = found or place.output
    given = {name: write_param(run.params[name]) for name in params_of(output) if name in run.params}
    return Place(place.dag, output, given)


def _latest(place: Place, store: ModelStore) -> Latest | None:
    try:
        reading = place.latest(store, patience=_PATIENCE / 2)
    except UnfilledParamError:
        return None
    return reading.value.latest if reading.value else None


def _version_id(place: Place, prefix: S3Url | None) -> str:
    """Return the id of a model for the card's route; empty if it has none."""
    try:
        root = place.series.root.key
    except UnfilledParamError:
        return ""
    is_below = prefix is not None and prefix.key.startswith(root)
    return prefix.key.removeprefix(root) if prefix and is_below else ""
