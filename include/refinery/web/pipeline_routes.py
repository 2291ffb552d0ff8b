"""The routes of a DAG's tab: the versions of its pipeline, two of them side by side, a card, and which model is the latest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from refinery.registry import RegistryError, compare, promote, rollback
from refinery.web import airflow_facts, guards, history
from refinery.web.kept import shape_errors
from refinery.web.place import PARAM, Place, PlaceDep
from refinery.web.rendering import manifest_file, page
from refinery.web.series import UnfilledParamError, params_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refinery.registry import PromotionResult
    from refinery.web.model_store import ModelStore

User = Annotated[Any, Depends(airflow_facts.get_user)]
# A page of one pipeline may wait longer than one of all: there is nothing else to show.
_PATIENCE = 4.0
_MOST_LETTERS = 500
_MOST_LINES = 1000
_COMPARED = 2


class View(BaseModel):
    """What the page of a pipeline shows.

    Attributes:
        metric: The metric to draw.
        count: How many models to list.
        v: The model whose card is shown.
        done: What the form that was just sent did.
    """

    metric: str = ""
    count: int = 0
    v: str = ""
    done: str = ""


def pipeline_routes(store: ModelStore) -> APIRouter:
    """Return the routes.

    Args:
        store: Reads models.
    """
    router = APIRouter(prefix="/dags/{dag_id}")
    reads = [Depends(airflow_facts.reads_dag)]

    @router.get("", dependencies=reads)
    def pipeline(place: PlaceDep, user: User, view: Annotated[View, Query()]) -> HTMLResponse:
        try:
            series = place.series
        except UnfilledParamError:
            return page("params.html", place=place, names=params_of(place.output), prefix=PARAM)
        found = history.read_history(place, store, count=view.count, patience=_PATIENCE)
        shown = next((each for each in found.versions if each.id == view.v), found.current)
        metric = history.chosen_metric(found, view.metric, found.versions)
        dag_id = place.dag.dag_id
        may_edit = airflow_facts.may_edit(user, dag_id)
        return page(
            "pipeline.html",
            place=place,
            history=found,
            shown=shown,
            metric=metric,
            root=series.root,
            param_names=params_of(place.output),
            may_edit=may_edit,
            token=guards.make_token(airflow_facts.secret_key(), str(user.get_id()), dag_id)
            if may_edit
            else "",
            done=view.done,
        )

    @router.get("/compare", dependencies=reads)
    def side_by_side(place: PlaceDep, v: Annotated[list[str], Query()] = []) -> HTMLResponse:  # noqa: B006 - FastAPI copies it
        if len(v) != _COMPARED:
            raise HTTPException(400, f"Choose two models to compare; {len(v) or 'none'} chosen.")
        # The older one first, as the table has the newest first.
        second, first = (place.read(place.prefix(each), store) for each in v)
        with shape_errors(place.series.root):
            comparison = compare(_with_short_config(first.content), _with_short_config(second.content))
        return page("compare.html", place=place, comparison=comparison, names=(v[1], v[0]))

    @router.get("/card", dependencies=reads)
    def card(place: PlaceDep, v: str) -> Response:
        manifest = place.read(place.prefix(v), store)
        with shape_errors(manifest.prefix):
            content = store.card(manifest, place.output.connection)
        headers = {"content-security-policy": guards.CARD_POLICY}
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)

    @router.get("/manifest", dependencies=reads)
    def manifest(place: PlaceDep, v: str) -> Response:
        return manifest_file(place.read(place.prefix(v), store).raw)

    changes = [Depends(airflow_facts.edits_dag), Depends(_is_our_form)]

    @router.post("/promote", dependencies=changes)
    def promote_version(
        place: PlaceDep, user: User, version: Annotated[str, Form()], reason: Annotated[str, Form()]
    ) -> RedirectResponse:
        by, why = _name(user), _checked(reason)
        if prefix := place.series.prefix_of(version):
            place.read(prefix, store)  # also refused soon if S3 does not answer
        client = store.client(place.output.connection, place.series.root)
        return _done(place, store, promote(place.series, version, by=by, client=client, reason=why))

    @router.post("/rollback", dependencies=changes)
    def roll_back(place: PlaceDep, user: User, reason: Annotated[str, Form()]) -> RedirectResponse:
        by, why = _name(user), _checked(reason)
        _check_latest(place, store)
        client = store.client(place.output.connection, place.series.root)
        return _done(place, store, rollback(place.series, by=by, client=client, reason=why))

    return router


def _is_our_form(dag_id: str, request: Request, user: User, proof: Annotated[str, Form()] = "") -> None:
    """Refuse a change that another site may have sent with the user's cookie."""
    secret = airflow_facts.secret_key()
    is_ours = guards.is_from_us(request.headers)
    if not is_ours or not guards.is_valid_token(proof, secret, str(user.get_id()), dag_id):
        raise HTTPException(403, "This form is too old, or was not sent from here. Open the page again.")


def _check_latest(place: Place, store: ModelStore) -> None:
    """Refuse a change if the latest model is not one of the pipeline's, or if S3 does not answer."""
    known = place.latest(store, patience=_PATIENCE)
    if known.problem or known.is_pending:
        problem = f"{place.series.latest_url} was not read in time. Try again later."
        raise RegistryError(known.problem or problem)
    if known.value and known.value.latest is None:
        raise HTTPException(404, "No model of this pipeline has been promoted yet.")


def _with_short_config(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest whose config is short enough for a diff: the time for one grows with the square of the lines."""
    provenance = manifest.get("provenance") or {}
    config = provenance.get("config") or {}
    lines = str(config.get("text") or "").splitlines()[:_MOST_LINES]
    text = "\n".join(line[:_MOST_LETTERS] for line in lines)
    return {**manifest, "provenance": {**provenance, "config": {**config, "text": text}}}


def _name(user: Any) -> str:
    """Name a user for the history of promotions."""
    return f"{user.get_name() or user.get_id()} (Airflow)"


def _checked(reason: str) -> str:
    text = " ".join(reason.split())
    if not text or len(text) > _MOST_LETTERS:
        raise HTTPException(400, f"Give a reason for the history, in at most {_MOST_LETTERS} characters.")
    return text


def _done(place: Place, store: ModelStore, result: PromotionResult) -> RedirectResponse:
    store.forget_latest(place.series, place.output.connection)
    outcome = "promoted" if result.promoted else "unchanged"
    query = f"{place.query}&done={outcome}" if place.query else f"done={outcome}"
    return RedirectResponse(f"{airflow_facts.pages_url()}/{place.path}?{query}", status_code=303)
