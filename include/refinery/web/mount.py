"""What the plugin declares to Airflow. It is imported in every process, so it imports nothing; the first request imports the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

URL_PREFIX = "/refinery"
# Relative, since Airflow may be served below a path: its page has that as its base.
_PAGES = URL_PREFIX.lstrip("/")
_DAG = f"{_PAGES}/dags/{{DAG_ID}}"
# In the path, since Airflow 3.1 inserts the id as it is: the plus sign in the id of a manual run would be a space in a query.
_RUN = f"{_DAG}/runs/{{RUN_ID}}"
_ICONS = {"icon": f"{_PAGES}/static/icon.svg", "icon_dark_mode": f"{_PAGES}/static/icon-dark.svg"}


class LazyPages:
    """The ASGI application of the pages, made for the first request."""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        from refinery.web.app import pages

        await pages()(scope, receive, send)


def fastapi_apps() -> list[dict[str, Any]]:
    """Return the application as an Airflow plugin declares it."""
    return [{"app": LazyPages(), "url_prefix": URL_PREFIX, "name": "Refinery"}]


def external_views() -> list[dict[str, Any]]:
    """Return where Airflow shows the pages: in its navigation, and on the pages of DAGs, runs and tasks."""
    views = [
        ("Models", "nav", f"{_PAGES}/models", "models"),
        ("Model", "dag", _DAG, "model"),
        ("Model", "dag_run", _RUN, "run-model"),
        ("Model", "task_instance", f"{_RUN}?task_id={{TASK_ID}}", "task-model"),
    ]
    return [
        {"name": name, "destination": destination, "href": href, "url_route": route, **_ICONS}
        | ({"nav_top_level": True} if destination == "nav" else {})
        for name, destination, href, route in views
    ]
