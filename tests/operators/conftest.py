"""A run as the operators see it: an embedded S3 server, a connection to it, and a task's context."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from include.local.object_store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def object_store(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An embedded S3 server with the sample data in it."""
    root = tmp_path_factory.mktemp("object-store")
    (root / "include").symlink_to(project / "include")
    with ObjectStore(root) as store:
        yield store


@pytest.fixture
def s3(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server's client; Airflow's aws_default leads to it too."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", object_store.connection)
    return object_store.client()


@pytest.fixture
def context() -> dict[str, Any]:
    """What the operators read of a task's context, for a scheduled run of 31 January."""
    return run_context(datetime(2026, 1, 31, tzinfo=UTC))


def run_context(logical_date: datetime | None) -> dict[str, Any]:
    run = SimpleNamespace(
        dag_id="churn",
        run_id="scheduled__2026-01-31T00:00:00+00:00",
        logical_date=logical_date,
        run_after=datetime(2026, 2, 1, 6, tzinfo=UTC),
    )
    context = {"dag_run": run, "run_id": run.run_id, "ti": SimpleNamespace(try_number=1)}
    if logical_date is not None:
        context |= {"logical_date": logical_date, "ds": logical_date.strftime("%Y-%m-%d")}
    return context
