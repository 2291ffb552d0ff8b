"""A run as the operators see it: an embedded S3 server, a connection to it, and a task's context; a config's whole run."""

from __future__ import annotations

import json
import textwrap
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.execution_time.context import OutletEventAccessors

from refinery.config import load_project
from refinery.local.object_store import ObjectStore
from refinery.operators import train
from refinery.rendering.loader import build_dag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import DAG


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
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the steps meet: on disk, unless a test asks for S3. The workspaces have tests of their own, for either."""
    place = getattr(request, "param", "on disk")
    return str(tmp_path / "workspace") if place == "on disk" else f"s3://staging/{tmp_path.name}/"


@pytest.fixture
def left_in_workspace(workspace: str, s3: Any, tmp_path: Path) -> Callable[[], list[str]]:
    """List what the steps have left in their workspace."""

    def left() -> list[str]:
        if not workspace.startswith("s3://"):
            return [str(path) for path in Path(workspace).rglob("*") if path.is_file()]
        found = s3.list_objects_v2(Bucket="staging", Prefix=tmp_path.name).get("Contents", [])
        return [item["Key"] for item in found]

    return left


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
    ti = SimpleNamespace(try_number=1, xcom_push=lambda key, value: None)
    context = {"dag_run": run, "run_id": run.run_id, "ti": ti}
    if logical_date is not None:
        context |= {"logical_date": logical_date, "ds": logical_date.strftime("%Y-%m-%d")}
    return context


class ConfigRun:
    """A config's steps on 31 January, as Airflow would run them: its DAG's own operators, with their templates filled."""

    def __init__(self, dag: DAG, context: dict[str, Any], s3: Any) -> None:
        self.dag = dag
        self._context = context
        self._s3 = s3

    def step(self, name: str) -> Any:
        operator = copy(self.dag.get_task(name))  # the next run has other values for its templates
        operator.render_template_fields(self._context, self.dag.get_template_env())
        return operator.execute(self._context | {"outlet_events": OutletEventAccessors()})

    def run(self) -> ConfigRun:
        try:
            for name in ("download_dataset", "train_model", "upload_model"):
                self.step(name)
        finally:
            self.step("clean_up")
        return self

    @property
    def objects(self) -> dict[str, bytes]:
        """What lies under the run's prefix."""
        prefix = f"{self.dag.dag_id}/2026-01-31/"
        found = self._s3.list_objects_v2(Bucket="models", Prefix=prefix).get("Contents", [])
        return {
            item["Key"].removeprefix(prefix): self._s3.get_object(Bucket="models", Key=item["Key"])[
                "Body"
            ].read()
            for item in found
        }

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads(self.objects["manifest.json"])


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of include/models."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(train, "MODELS_DIR", folder)
    return folder


@pytest.fixture
def prepare_config(tmp_path: Path, s3: Any, context: dict[str, Any]) -> Callable[..., ConfigRun]:
    """Load a config's text as the project does; it must be free of errors and warnings."""

    def prepare(name: str, text: str) -> ConfigRun:
        configs = tmp_path / "configs"
        configs.mkdir()
        (configs / f"{name}.yml").write_text(textwrap.dedent(text))
        loaded = load_project(configs, models_dir=train.MODELS_DIR)
        assert loaded.problems == ()
        return ConfigRun(build_dag(loaded.pipelines[0]), context, s3)

    return prepare
