"""Airflow's REST API, as far as local work needs it: is it healthy, unpause a DAG, trigger a run, wait for its end."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from include.errors import RefineryError

POLL_SECONDS = 0.1


class RestApiError(RefineryError):
    """Airflow's API server refused a request, or a run did not end in time.

    Attributes:
        status: The answer's HTTP status, where there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class RestApi:
    """Airflow's REST API of a server that needs no login.

    Args:
        url: The server's address, as ``http://localhost:8080``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._token: str | None = None

    def healthy(self) -> bool:
        """Whether the server answers, and scheduler, dag-processor and triggerer have reported to it."""
        try:
            with urlopen(f"{self._url}/api/v2/monitor/health", timeout=5) as response:  # noqa: S310 - http(s) alone
                health = json.load(response)
        except (URLError, OSError):
            return False
        return all(
            health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer")
        )

    def unpause(self, dag_id: str, *, timeout: float = 60) -> None:
        """Let the scheduler run a DAG, once the dag-processor has found it.

        Args:
            dag_id: The DAG.
            timeout: Seconds to wait for it to be found.

        Raises:
            RestApiError: It has not been found by then.
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

    def trigger(self, dag_id: str, *, logical_date: str | None) -> str:
        """Start a run.

        Args:
            dag_id: The DAG.
            logical_date: In ISO 8601 with its offset; None makes a run without one.

        Returns:
            The run's id.
        """
        run = self.call("POST", f"dags/{quote(dag_id)}/dagRuns", {"logical_date": logical_date})
        return str(run["dag_run_id"])

    def wait(self, dag_id: str, run_id: str, *, timeout: float = 120) -> dict[str, Any]:
        """Wait until a run has ended, and return it as the API describes it.

        Args:
            dag_id: The DAG.
            run_id: The run.
            timeout: Seconds.

        Raises:
            RestApiError: It has not ended by then.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            run = self.call("GET", f"dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")
            if run["state"] in ("success", "failed"):
                return run
            time.sleep(POLL_SECONDS)
        raise RestApiError(f"{dag_id} {run_id} has not ended within {timeout} s; its state is {run['state']}")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one request to ``/api/v2`` and return the answer.

        Raises:
            RestApiError: The server refused it; its words are in the message.
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
