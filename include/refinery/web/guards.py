"""What protects the pages in a browser: headers on every answer, and forms that only our own pages can send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from starlette.types import ASGIApp, Receive, Scope, Send

_PURPOSE = "refinery.web"
TOKEN_SECONDS = 12 * 3600
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
# A card is a separate document: its styles are inline, and it runs no script and sends nothing.
CARD_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
# A manifest is text, whatever its strings hold.
MANIFEST_POLICY = "default-src 'none'; frame-ancestors 'self'"
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-store",
}


class SafeHeaders:
    """ASGI middleware that adds security headers to every answer that does not set them itself.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers") or [])
                given = {name.lower() for name, _ in headers}
                headers += [
                    (name.encode(), value.encode())
                    for name, value in _HEADERS.items()
                    if name.encode() not in given
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, with_headers)


def is_from_us(headers: Mapping[str, str]) -> bool:
    """Return whether a browser says that a request comes from a page of this Airflow.

    Args:
        headers: The request's headers, by their names in lower case.
    """
    if site := headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = headers.get("origin")
    return bool(origin) and urlsplit(origin).netloc == headers.get("host")


def make_token(secret: str, user: str, dag_id: str) -> str:
    """Return what a form must send back to change the models of a DAG.

    Args:
        secret: The web server's secret key.
        user: The id of the user that the form is for.
        dag_id: The DAG.
    """
    return str(_serializer(secret).dumps([user, dag_id]))


def is_valid_token(token: str, secret: str, user: str, dag_id: str) -> bool:
    """Return whether a token was made for a user and a DAG, within the last twelve hours."""
    try:
        return bool(_serializer(secret).loads(token, max_age=TOKEN_SECONDS) == [user, dag_id])
    except BadSignature:
        return False


def _serializer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=_PURPOSE)
