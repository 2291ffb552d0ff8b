"""GitHub and GitLab, as far as a comment needs them: small servers that check what they are sent."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = "acme/pipelines"
BOT = "github-actions[bot]"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """An answer for the next request that fits, in place of the right one, or after it has been carried out."""

    method: str
    path: str
    answer: Answer
    after: bool = False


class Host:
    """A code host: keeps comments, answers from them, and remembers what it was asked and what was wrong with that."""

    note_limit: int

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.mistakes: list[str] = []
        self.faults: list[Fault] = []
        self.together: threading.Barrier | None = None
        self.url = ""
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def say(self, login: str, body: str, **more: Any) -> dict[str, Any]:
        """Write a comment as somebody."""
        comment = {"id": next(self._ids), "body": body, **self.author(login), **more}
        self.comments.append(comment)
        return comment

    def author(self, login: str) -> dict[str, Any]:
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def written(self) -> list[str]:
        """The requests that changed something."""
        return [f"{request.method} {request.path}" for request in self.requests if request.writes]

    def handle(self, request: Request) -> Answer:
        together, answer = self.together, self._answer_once(request)
        if together and request.method == "GET" and request.path.endswith(("/comments", "/notes")):
            # After the look at the comments, so that neither of two runs sees what the other writes next.
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(timeout=5)
        return answer

    def _answer_once(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            fault = next(
                (
                    one
                    for one in self.faults
                    if one.method == request.method and request.path.endswith(one.path)
                ),
                None,
            )
            if fault:
                self.faults.remove(fault)
                if fault.after:
                    self.answer(request)
                return fault.answer
            return self.answer(request)

    def page(self, request: Request, rows: list[Any]) -> Answer:
        size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        self.expect(size <= 100, f"{size} rows a page")
        return Answer(200, rows[size * (number - 1) : size * number])

    def text(self, request: Request) -> str | None:
        """The text that is sent, or None where the host would refuse it."""
        self.expect(request.headers.get("content-type") == "application/json", "not sent as JSON")
        self.expect(set(request.body) == {"body"}, f"sent {sorted(request.body)}")
        text = request.body["body"]
        return text if 0 < len(text) <= self.note_limit else None

    def expect(self, is_right: bool, mistake: str) -> None:
        if not is_right:
            self.mistakes.append(mistake)

    def unknown(self, request: Request) -> Answer:
        self.mistakes.append(f"no such endpoint: {request.method} {request.path}")
        return Answer(404, {"message": "Not Found"})


class GitHubServer(Host):
    """GitHub's API for one repository; a token may do what its job's permissions say."""

    note_limit = 65_536

    def __init__(self) -> None:
        super().__init__()
        self.pulls: dict[int, dict[str, Any]] = {}
        self.files: list[dict[str, str]] = []
        self.tokens: dict[str, dict[str, str]] = {}

    def author(self, login: str) -> dict[str, Any]:
        return {"user": {"login": login}}

    def mint(self, **permissions: str) -> str:
        """Give out a token, as for a job."""
        token = f"ghs_{len(self.tokens)}"
        self.tokens[token] = permissions
        return token

    def answer(self, request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return Answer(401, {"message": "Bad credentials"})
        self.expect(request.headers.get("x-github-api-version") == "2022-11-28", "API version not named")
        self.expect(request.headers.get("accept") == "application/vnd.github+json", "media type not named")
        self.expect(bool(request.headers.get("user-agent")), "no user agent")
        allowed = self.tokens[token].get("pull-requests")
        if allowed != "write" and (request.writes or allowed != "read"):
            return Answer(403, {"message": "Resource not accessible by integration"})
        return self._route(request)

    def _route(self, request: Request) -> Answer:  # noqa: PLR0911 - one for each endpoint
        match [request.method, *request.path.removeprefix(f"/repos/{REPOSITORY}/").split("/")]:
            case ["GET", "pulls", number]:
                pull = self.pulls.get(int(number))
                return Answer(200, pull) if pull else Answer(404, {"message": "Not Found"})
            case ["GET", "pulls", number, "files"] if int(number) in self.pulls:
                return self.page(request, self.files)
            case ["GET", "issues", number, "comments"] if int(number) in self.pulls:
                return self.page(request, [one for one in self.comments if one["issue"] == int(number)])
            case ["POST", "issues", number, "comments"] if int(number) in self.pulls:
                if (text := self.text(request)) is None:
                    return Answer(422, {"message": "Body is too long (maximum is 65536 characters)"})
                return Answer(201, self.say(BOT, text, issue=int(number)))
            case [("PATCH" | "DELETE") as method, "issues", "comments", number]:
                return self._change(method, int(number), request)
            case _:
                return self.unknown(request)

    def _change(self, method: str, number: int, request: Request) -> Answer:
        found = next((one for one in self.comments if one["id"] == number), None)
        if found is None:
            return Answer(404, {"message": "Not Found"})
        self.expect(found["user"]["login"] == BOT, "somebody else's comment")
        if method == "DELETE":
            self.comments.remove(found)
            return Answer(204)
        if (text := self.text(request)) is None:
            return Answer(422, {"message": "Body is too long (maximum is 65536 characters)"})
        found["body"] = text
        return Answer(200, found)


class GitLabServer(Host):
    """GitLab's API for merge request 7 of project 42."""

    note_limit = 1_000_000
    token = "glpat-1"
    us = "project_42_bot"
    notes = "/projects/42/merge_requests/7/notes"

    def author(self, login: str) -> dict[str, Any]:
        return {"author": {"id": sum(login.encode()), "username": login}}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("private-token") != self.token:
            return Answer(401, {"message": "401 Unauthorized"})
        match [request.method, *request.path.removeprefix(self.notes).split("/")]:
            case ["GET", "", "user"]:
                return Answer(200, {**self.author(self.us)["author"]})
            case ["GET", ""]:
                return self.page(
                    request, list(reversed(self.comments))
                )  # GitLab's own order: the newest first
            case ["POST", ""]:
                text = self.text(request)
                return (
                    Answer(400, {"message": "too long"})
                    if text is None
                    else Answer(201, self.say(self.us, text))
                )
            case [("PUT" | "DELETE") as method, "", number]:
                return self._change(method, int(number), request)
            case _:
                return self.unknown(request)

    def _change(self, method: str, number: int, request: Request) -> Answer:
        found = next((one for one in self.comments if one["id"] == number), None)
        if found is None:
            return Answer(404, {"message": "404 Not found"})
        self.expect(found["author"]["username"] == self.us, "somebody else's note")
        if method == "DELETE":
            self.comments.remove(found)
            return Answer(204)
        found["body"] = self.text(request)
        return Answer(200, found)


@contextlib.contextmanager
def _serve(host: Host) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            url = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = host.handle(
                Request(
                    method=self.command,
                    path=url.path,
                    query={name: values[0] for name, values in parse_qs(url.query).items()},
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=json.loads(sent) if sent else None,
                )
            )
            body = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        host.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            server.shutdown()
    assert host.mistakes == []


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    """GitHub, which the test fails on if it was used wrongly."""
    host = GitHubServer()
    with _serve(host):
        yield host


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    """GitLab, which the test fails on if it was used wrongly."""
    host = GitLabServer()
    with _serve(host):
        yield host


@pytest.fixture
def refusal() -> Callable[..., Fault]:
    """Makes a host answer the next request that fits with an error, before or after carrying it out."""

    def make(request: str, status: int, message: str, *, after: bool = False, **headers: str) -> Fault:
        method, _, path = request.partition(" ")
        return Fault(method, path, Answer(status, {"message": message}, headers), after)

    return make
