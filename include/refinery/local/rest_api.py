"""The part of Airflow's REST API that local work needs: check health, unpause a DAG, trigger a run, wait for its end."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from refinery.errors import RefineryError

if TYPE_CHECKING:
    from collections.abc import Mapping

POLL_SECONDS = 0.1


class RestApiError(RefineryError):
    """Airflow's API server refused a request, or a run did not end in time.

    Attributes:
        status: The HTTP status of the answer; None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class RestApi:
    """The REST API of an Airflow that needs no login.

    Args:
        url: The address of the server, such as ``http://localhost:8080``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._token: str | None = None

    def healthy(self) -> bool:
        """Return whether the server answers, and the scheduler, the dag-processor and the triggerer report to it."""
        try:
            with urlopen(f"{self._url}/api/v2/monitor/health", timeout=5) as response:  # noqa: S310 - http(s) alone
                health = json.load(response)
        except (URLError, OSError):
            return False
        return all(
            health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer")
        )

    def unpause(self, dag_id: str, *, timeout: float = 60) -> None:
        """Let the scheduler run a DAG as soon as the dag-processor has found it.

        Args:
            dag_id: The DAG.
            timeout: Seconds to wait for that.

        Raises:
            RestApiError: It was not found in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.call("GET", f"dags/{quote(dag_id)}/tasks")  # answers once the DAG can run
                self.call("PATCH", f"dags/{quote(dag_id)}", {"is_paused": False})
            except RestApiError as error:
                if error.status != HTTPStatus.NOT_FOUND or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
            else:
                return

    def trigger(self, dag_id: str, *, logical_date: str | None, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run.

        Args:
            dag_id: The DAG.
            logical_date: In ISO 8601 with its offset; None makes a run without one.
            conf: The params that are set.

        Returns:
            The run's id.

        Raises:
            RestApiError: A param is not what the DAG allows.
        """
        body = {"logical_date": logical_date, "conf": dict(conf or {})}
        run = self.call("POST", f"dags/{quote(dag_id)}/dagRuns", body)
        return str(run["dag_run_id"])

    def wait(self, dag_id: str, run_id: str, *, timeout: float = 600) -> dict[str, Any]:
        """Wait until a run ends, and return its description from the API.

        Args:
            dag_id: The DAG.
            run_id: The run.
            timeout: Seconds.

        Raises:
            RestApiError: It did not end in time.
        """
        path, state = f"dags/{quote(dag_id)}/dagRuns/{quote(run_id)}", "unknown"
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with suppress(TimeoutError):  # a busy server answers late
                run = self.call("GET", path)
                if run["state"] in ("success", "failed"):
                    return run
                state = run["state"]
            time.sleep(POLL_SECONDS)
        raise RestApiError(f"{dag_id} {run_id} did not end within {timeout:.0f} s; its state is {state}")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one request to ``/api/v2`` and return the answer.

        Raises:
            RestApiError: The server refused it; the message holds its answer.
        """
        request = Request(  # noqa: S310 - http(s) alone
            f"{self._url}/api/v2/{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self._bearer()}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=30) as response:  # noqa: S310
                answer: dict[str, Any] = json.load(response)
        except HTTPError as error:
            raise RestApiError(
                f"{method} {path}: {error.code} {error.read().decode()}", error.code
            ) from error
        return answer

    def _bearer(self) -> str:
        if self._token is None:
            with urlopen(f"{self._url}/auth/token", timeout=30) as response:  # noqa: S310
                self._token = json.load(response)["access_token"]
        return self._token
