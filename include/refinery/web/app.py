"""The routes of the pages. Each asks for Airflow's login, and for the user's permission on the DAG that it shows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException as AnyHTTPException

from refinery.errors import RefineryError
from refinery.web import airflow_facts, rendering
from refinery.web.guards import SafeHeaders
from refinery.web.model_store import ModelStore
from refinery.web.overview import STATES, Filters, make_overview
from refinery.web.pipeline_routes import pipeline_routes
from refinery.web.rendering import page
from refinery.web.run_routes import run_routes
from refinery.web.series import UnfilledParamError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

User = Annotated[Any, Depends(airflow_facts.get_user)]
# A page with many pipelines shows what it has after this many seconds.
_PATIENCE = 0.3
_STATIC_SECONDS = 600
_TITLES = {400: "Not possible", 401: "Not logged in", 403: "Not allowed", 404: "Not found"}


@cache
def pages() -> ASGIApp:
    """Return the application, the same for all requests of this process."""
    app = FastAPI(
        title="Refinery",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(airflow_facts.get_user)],
    )
    store = ModelStore()
    _add_common(app)
    _add_models(app, store)
    app.include_router(pipeline_routes(store))
    app.include_router(run_routes(store))
    return SafeHeaders(app)


def _add_common(app: FastAPI) -> None:
    @app.exception_handler(AnyHTTPException)
    def refuse(_: Request, error: AnyHTTPException) -> HTMLResponse:
        return page(
            "message.html",
            error.status_code,
            title=_TITLES.get(error.status_code, "Error"),
            text=str(error.detail),
        )

    @app.exception_handler(RefineryError)
    def explain(_: Request, error: RefineryError) -> HTMLResponse:
        return page("message.html", 502, title="The models cannot be read", text=str(error))

    @app.exception_handler(UnfilledParamError)
    def ask(_: Request, error: UnfilledParamError) -> HTMLResponse:
        text = (
            f"Each value of the param {error} has separate models. Open the pipeline's page and choose one."
        )
        return page("message.html", 400, title=_TITLES[400], text=text)

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        kind = rendering.STATIC_TYPES.get(name)
        if kind is None:
            raise HTTPException(404, "There is no such file.")
        headers = {"cache-control": f"private, max-age={_STATIC_SECONDS}"}
        return Response(rendering.static_file(name), media_type=kind, headers=headers)


def _add_models(app: FastAPI, store: ModelStore) -> None:
    @app.get("/models")
    def models(user: User, filters: Annotated[Filters, Query()]) -> HTMLResponse:
        dags = airflow_facts.find_dags(airflow_facts.readable_dags(user))
        overview = make_overview(dags, filters, store, patience=_PATIENCE)
        return page("models.html", overview=overview, filters=filters, states=STATES)
