"""Registers Refinery with Airflow, through `plugins/` of a checkout or the entry point of an installed package.

An Airflow without a login must answer only requests for the names that REFINERY_ONLY_HOSTS lists: any website can point a name it owns to
127.0.0.1, and its scripts could then trigger runs and read connections. They cannot change the Host header, which carries that name.
`refinery up` and `refinery cluster` set the variable. Where people log in, it is not set and nothing is added.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from refinery import preload
from refinery.web.mount import external_views, fastapi_apps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

VARIABLE = "REFINERY_ONLY_HOSTS"
_MISDIRECTED = 421
_POLICY_VIOLATION = 1008
# Nothing else, such as "evil.example@localhost": whatever reads it after us may read it differently.
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::[0-9]*)?")


class OnlyHosts:
    """ASGI middleware that refuses requests whose Host header names another host, at any port.

    Args:
        app: The application that answers all other requests.
        hosts: The allowed names, such as "localhost" or "::1".
    """

    def __init__(self, app: App, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket") or _host(scope) in self._hosts:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            text = (
                f"This Airflow has no login and answers only requests for {', '.join(sorted(self._hosts))}. "
                f"To use it under another name, start it with {VARIABLE}=localhost,NAME.\n"
            )
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": _MISDIRECTED, "headers": headers})
            await send({"type": "http.response.body", "body": text.encode()})


def _host(scope: Mapping[str, Any]) -> str | None:
    """Return the host that a request is for, without its port; None if it names none or several."""
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    found = _HOST.fullmatch(named[0]) if len(named) == 1 else None
    return (found["address"] or found["name"]).lower() if found else None


def only_hosts() -> list[dict[str, Any]]:
    """Return the middleware as an Airflow plugin declares it; an empty list if the variable names no host."""
    hosts = frozenset(filter(None, os.environ.get(VARIABLE, "").lower().split(",")))
    if not hosts:
        return []
    return [{"middleware": OnlyHosts, "kwargs": {"hosts": hosts}, "name": "Refinery's only hosts"}]


class RefineryPlugin(AirflowPlugin):
    """Adds Refinery's pages and web middleware to Airflow, and the preloading of what tasks import."""

    name = "refinery"
    fastapi_apps = fastapi_apps()
    external_views = external_views()
    fastapi_root_middlewares = only_hosts()
    listeners = [preload]  # noqa: RUF012 - as Airflow declares it
