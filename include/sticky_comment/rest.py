"""JSON over HTTP to a code host, tried again where that may help."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from include.sticky_comment.errors import CodeHostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

ATTEMPTS = 5
TIMEOUT_SECONDS = 30
# A job waits for the host, but not until CI ends it without a word.
LONGEST_WAIT_SECONDS = 60
# What both hosts give at most at a time.
PAGE_SIZE = 100
MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class RestApi:
    """A code host's REST API.

    Attributes:
        name: What people call the host, for messages.
        url: Its root, as "https://api.github.com".
        headers: What every request carries: the token, the API's version.
    """

    name: str
    url: str
    headers: Mapping[str, str]

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every object of a list, page by page.

        Raises:
            CodeHostError: The host refuses, does not answer, or never comes to an end.
        """
        for number in range(1, MOST_PAGES + 1):
            page = self.call("GET", f"{path}?per_page={PAGE_SIZE}&page={number}")
            yield from page
            if len(page) < PAGE_SIZE:
                return
        raise CodeHostError(
            f"{self.name} has more than {MOST_PAGES * PAGE_SIZE} objects at {self.url}{path}."
        )

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one request, again after a passing fault; a POST only once, since it may have been done all the same.

        Args:
            method: The HTTP method.
            path: What follows the root, with its query.
            body: What is sent, as JSON.

        Returns:
            The answer, read from JSON; None where it is empty.

        Raises:
            CodeHostError: The host refuses or does not answer.
        """
        attempts = 1 if method == "POST" else ATTEMPTS
        for attempt in range(1, attempts):
            try:
                return self._call_once(method, path, body)
            except _PassingFaultError as fault:
                time.sleep(fault.wait or 2 ** (attempt - 1))
        return self._call_once(method, path, body)

    def _call_once(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "refinery", **self.headers}
        request = Request(f"{self.url}{path}", data, headers, method=method)  # noqa: S310 - CI's own http(s) URL
        asked = f"{method} {self.url}{path}"
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                text = answer.read()
            return json.loads(text) if text else None
        except HTTPError as error:
            raise self._refused(asked, error) from error
        except (URLError, OSError, http.client.HTTPException) as error:
            raise _PassingFaultError(f"{self.name} did not answer {asked}: {error}.") from error
        except ValueError as error:
            raise _PassingFaultError(
                f"{self.name} answered {asked} with something else than JSON."
            ) from error

    def _refused(self, asked: str, error: HTTPError) -> CodeHostError:
        said = _message(error.read())
        text = f"{self.name} answered {asked} with {error.code}: {said}"
        if _is_rate_limit(error.code, error.headers, said):
            return _PassingFaultError(text, status=error.code, wait=_wait_seconds(error.headers))
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _PassingFaultError(text, status=error.code)
        return CodeHostError(text + _advice(error.code), status=error.code)


class _PassingFaultError(CodeHostError):
    """A fault that the next attempt may not meet.

    Attributes:
        wait: Seconds that the host asks to wait; 0 where it says nothing.
    """

    def __init__(self, message: str, *, status: int | None = None, wait: float = 0) -> None:
        self.wait = wait
        super().__init__(message, status=status, retryable=True)


def _message(body: bytes) -> str:
    """Return what an error's body says."""
    try:
        answer = json.loads(body)
        return str(answer.get("message") or answer.get("error") or answer)
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace").strip() or "no reason given."


def _is_rate_limit(status: int, headers: Message, said: str) -> bool:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    # GitHub answers 403 to a missing permission too, which no waiting mends.
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said
    return status == HTTPStatus.FORBIDDEN and limited


def _wait_seconds(headers: Message) -> float:
    """Return how long a host that is asked too often wants to be left alone."""
    asked = headers.get("retry-after", "")
    return min(float(asked) if asked.isdecimal() else LONGEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)


def _advice(status: int) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return " The token is missing, wrong or expired."
        case HTTPStatus.FORBIDDEN | HTTPStatus.NOT_FOUND:
            return " Check that the token may read the request and write its comments."
        case _:
            return ""
