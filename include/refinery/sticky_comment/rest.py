"""JSON over HTTP to a code host, retried where that may help."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

ATTEMPTS = 5
TIMEOUT_SECONDS = 30
# A job waits for the host, but not so long that CI ends it without a message.
LONGEST_WAIT_SECONDS = 60
# The most objects that both hosts return at a time.
PAGE_SIZE = 100
MOST_PAGES = 100


class CodeHostError(RefineryError):
    """The code host refused a request, or could not be reached.

    Attributes:
        status: The HTTP status of the answer; None if no answer came.
        wait: The number of seconds that the host asks to wait; 0 if it does not say.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retryable: bool = False, wait: float = 0
    ) -> None:
        self.status = status
        self.retryable = retryable
        self.wait = wait
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class RestApi:
    """A code host's REST API.

    Attributes:
        name: The name of the host, for messages.
        url: Its root, such as "https://api.github.com".
        headers: What every request carries: the token, the API's version.
    """

    name: str
    url: str
    headers: Mapping[str, str]

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every object of a list, page by page.

        Raises:
            CodeHostError: The host refuses, does not answer, or has too many objects.
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
        """Send one request, and retry it after a transient fault; a POST only once, since it may have been carried out.

        Args:
            method: The HTTP method.
            path: What follows the root, query included.
            body: What to send, as JSON.

        Returns:
            The answer, parsed from JSON; None if it is empty.

        Raises:
            CodeHostError: The host refuses or does not answer.
        """
        attempts = 1 if method == "POST" else ATTEMPTS
        for attempt in range(1, attempts):
            try:
                return self._call_once(method, path, body)
            except CodeHostError as fault:
                if not fault.retryable:
                    raise
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
            raise CodeHostError(f"{self.name} did not answer {asked}: {error}.", retryable=True) from error
        except ValueError as error:
            raise CodeHostError(
                f"{self.name} answered {asked}, but not with JSON.", retryable=True
            ) from error

    def _refused(self, asked: str, error: HTTPError) -> CodeHostError:
        said = _message(error.read())
        text = f"{self.name} answered {asked} with {error.code}: {said}"
        if _is_rate_limit(error.code, error.headers, said):
            wait = _wait_seconds(error.headers)
            return CodeHostError(text, status=error.code, retryable=True, wait=wait)
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return CodeHostError(text, status=error.code, retryable=True)
        return CodeHostError(text + _advice(error.code), status=error.code)


def _message(body: bytes) -> str:
    """Return the message in the body of an error."""
    try:
        answer = json.loads(body)
        return str(answer.get("message") or answer.get("error") or answer)
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace").strip() or "no reason given."


def _is_rate_limit(status: int, headers: Message, said: str) -> bool:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    # GitHub also answers 403 to a missing permission, which waiting does not fix.
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said
    return status == HTTPStatus.FORBIDDEN and limited


def _wait_seconds(headers: Message) -> float:
    """Return how long a host with a rate limit asks to wait."""
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
