"""Runs pipelines once on this machine, through Airflow, against the embedded S3 server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.local.environment import airflow_environment, migrate_database
from include.local.errors import DemoError
from include.local.object_store import ObjectStore
from include.local.processes import stop_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

INTERRUPT_PATIENCE = 2  # seconds; Airflow's task runner may not end before its task does
STEPS = ("download_dataset", "train_model", "upload_model", "clean_up")


@dataclass
class PipelineRun:
    """How one pipeline's run goes.

    Attributes:
        dag_id: The pipeline.
        state: ``waiting``, ``running``, then Airflow's ``success`` or ``failed``.
        steps: Each started step's state.
        seconds: Wall time of the whole run.
        metrics: What training measured.
        model_url: Where the model was uploaded.
        error: The first failed step's error.
    """

    dag_id: str
    state: str = "waiting"
    steps: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    model_url: str | None = None
    error: str | None = None

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event of the run."""
        match event:
            case {"event": "started"}:
                self.state = "running"
            case {"event": "finished", "state": state, "seconds": seconds}:
                # Airflow calls a run without a single task a success.
                self.state, self.seconds = state if self.steps else "failed", seconds
            case {"event": "step", "step": step, "state": state}:
                self.steps[step] = state
                self._take_outcome(step, event)

    def _take_outcome(self, step: str, event: dict[str, Any]) -> None:
        if event["state"] == "failed":
            self.error = self.error or f"{step}: {event['error']}"
        elif event["state"] == "success" and step == "train_model":
            self.metrics = event["returned"]
        elif event["state"] == "success" and step == "upload_model":
            self.model_url = event["returned"]["prefix"]


def run_demo(
    project: Path, dag_ids: Sequence[str], day: date, *, on_change: Callable[[list[PipelineRun]], None]
) -> list[PipelineRun]:
    """Run pipelines one after another for a date, and return how each went.

    Args:
        project: The project's root folder; what is made goes to its ``.local`` folder.
        dag_ids: The pipelines.
        day: The logical date, at midnight UTC.
        on_change: Called with all runs whenever one has changed.

    Raises:
        DemoError: Airflow's process ended early; the message names its log.
    """
    home = project / ".local" / "demo"
    log_path = home / "demo.log"
    runs = {dag_id: PipelineRun(dag_id) for dag_id in dag_ids}
    with ObjectStore(project) as store:
        environment = airflow_environment(project, home=home, s3_connection=store.connection)
        migrate_database(environment, home)
        with _airflow(environment, log_path, day, dag_ids) as events:
            for event in events:
                runs[event["pipeline"]].apply(event)
                on_change(list(runs.values()))
    if any(run.seconds is None for run in runs.values()):
        raise DemoError(f"Airflow ended before every pipeline had run. Its log: {log_path}")
    return list(runs.values())


@contextmanager
def _airflow(
    environment: dict[str, str], log_path: Path, day: date, dag_ids: Sequence[str]
) -> Iterator[Iterator[dict[str, Any]]]:
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "include.local.run_pipelines"]
    command += ["--date", day.isoformat(), "--events", str(write_end), *dag_ids]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, pass_fds=[write_end], start_new_session=True
        )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as lines:
            yield (json.loads(line) for line in lines)
        process.wait()
    finally:
        if process.poll() is None:
            stop_processes([process.pid], patience=INTERRUPT_PATIENCE)
