"""Run pipelines once on this machine, through Airflow, against the embedded S3 server."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refinery.errors import RefineryError
from refinery.local.environment import airflow_environment, make_folder, migrate_database
from refinery.local.object_store import ObjectStore
from refinery.local.processes import kill_session, stop_processes
from refinery.local.quick_start import start_command
from refinery.wording import ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

INTERRUPT_PATIENCE = 2  # seconds; Airflow's task runner may not end before its task does
_POLL_SECONDS = 0.2
_CHUNK_BYTES = 65_536
STEPS = ("download_dataset", "train_model", "upload_model", "clean_up")


@dataclass
class PipelineRun:
    """The state of one pipeline's run.

    Attributes:
        dag_id: The pipeline.
        state: ``waiting``, ``running``, then Airflow's ``success`` or ``failed``.
        steps: Each started step's state.
        seconds: Wall time of the whole run; None if it did not finish.
        metrics: What training measured.
        model_url: Where the model was uploaded.
        error: The first failed step's error.
        baseline: The metrics of a model that ignores the features.
        warnings: What a person should read before the model is used, a sentence each.
    """

    dag_id: str
    state: str = "waiting"
    steps: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    model_url: str | None = None
    error: str | None = None
    baseline: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def is_skipped(self) -> bool:
        """Whether training skipped itself, since the latest model has the same inputs."""
        return self.steps.get("train_model") == "skipped"

    def apply(self, event: dict[str, Any]) -> None:
        """Record one event of the run."""
        match event:
            case {"event": "started"}:
                self.state = "running"
            case {"event": "refused", "error": error}:
                self.state = "failed"
                self.error = f"Airflow did not load it.\n{error}".rstrip()
            case {"event": "finished", "state": state, "seconds": seconds}:
                # Airflow calls a run without a single task a success.
                self.state, self.seconds = state if self.steps else "failed", seconds
            case {"event": "step", "step": step, "state": state}:
                self.steps[step] = state
                self._take_outcome(step, event)

    def die(self, exit_code: int, log_path: Path) -> None:
        """Record that the process ended while it ran this pipeline."""
        step = next((step for step, state in self.steps.items() if state == "running"), None)
        if step:
            self.steps[step] = "failed"
        self.state = "failed"
        self.error = (
            f"{step or 'before its first step'}: the whole process {ending(exit_code)} in this step. "
            f"Check what the model's code does; see the log: {log_path}"
        )

    def _take_outcome(self, step: str, event: dict[str, Any]) -> None:
        if event["state"] == "failed":
            self.error = self.error or f"{step}: {event['error']}"
        elif event["state"] == "success" and step == "train_model":
            self.metrics = event["returned"]
            judgement = event.get("judgement") or {}
            self.baseline = judgement.get("baseline") or {}
            self.warnings = tuple(judgement.get("warnings") or ())
        elif event["state"] == "success" and step == "upload_model":
            self.model_url = event["returned"]["prefix"]


def run_demo(
    project: Path,
    dag_ids: Sequence[str],
    day: date,
    *,
    conf: Mapping[str, Mapping[str, Any]] | None = None,
    on_change: Callable[[list[PipelineRun]], None],
) -> list[PipelineRun]:
    """Run pipelines one after another for a date, and return how each went.

    A pipeline whose model ends the whole process fails; another process cleans up after it and runs the others.

    Args:
        project: The project's root folder; what is made goes to its ``.local`` folder.
        dag_ids: The pipelines.
        day: The logical date, at midnight UTC.
        conf: The params that are set, by pipeline.
        on_change: Called with all runs whenever one changes.

    Raises:
        RefineryError: Another demo is running in this project, or Airflow's process ended before any pipeline began; the message
            names its log.
    """
    home = project / ".local" / "demo"
    log_path = home / "demo.log"
    runs = [PipelineRun(dag_id) for dag_id in dag_ids]
    with _alone_in(home), ObjectStore(project) as store:
        environment = airflow_environment(project, home=home, s3_connection=store.connection)
        migrate_database(environment, home)
        shutil.rmtree(home / "workspace", ignore_errors=True)  # of a demo that was killed
        log_path.unlink(missing_ok=True)
        arguments = ["--date", day.isoformat(), "--run-after", datetime.now(UTC).isoformat()]
        arguments += ["--conf", json.dumps(conf or {})]
        died: PipelineRun | None = None
        while died or any(run.state == "waiting" for run in runs):
            waiting = [run.dag_id for run in runs if run.state == "waiting"]
            clean_up = ["--clean-up", died.dag_id] if died else []
            with _airflow([*arguments, *clean_up, *waiting], environment, log_path) as (process, events):
                for event in events:
                    next(run for run in runs if run.dag_id == event["pipeline"]).apply(event)
                    on_change(runs)
                exit_code = process.wait()
            died = next((run for run in runs if run.state == "running"), None)
            if died:
                died.die(exit_code, log_path)
                on_change(runs)
            elif any(run.state == "waiting" for run in runs):
                raise RefineryError(f"Airflow ended before every pipeline had run. See its log: {log_path}")
    return runs


@contextmanager
def _alone_in(home: Path) -> Iterator[None]:
    """Keep other demos out of Airflow's home; the system releases the lock however this process ends."""
    make_folder(home)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefineryError("Another demo is running in this project. Wait until it ends.") from error
        yield


@contextmanager
def _airflow(
    arguments: Sequence[str], environment: dict[str, str], log_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Iterator[dict[str, Any]]]]:
    read_end, write_end = os.pipe()
    command = start_command("refinery.local.run_pipelines", "--events", str(write_end), *arguments)
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,  # the child ends when this process, and with it the other end, is gone
            stdout=log,
            stderr=log,
            pass_fds=[write_end],
            start_new_session=True,
        )
    os.close(write_end)
    try:
        with os.fdopen(read_end, "rb", buffering=0):
            yield process, _read_events(read_end, process)
    finally:
        if process.poll() is None:
            stop_processes([process.pid], patience=INTERRUPT_PATIENCE)
        kill_session(process.pid)  # what a model left running
        if process.stdin:
            process.stdin.close()


def _read_events(descriptor: int, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Yield each event until the process ends, even if something that a model left running holds the pipe open."""
    rest = b""
    while True:
        if select.select([descriptor], [], [], _POLL_SECONDS)[0]:
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            yield from map(json.loads, lines)
        elif process.poll() is not None:
            return
