"""Runs steps of a pipeline as a worker does: each in a fork of a process that has imported what it needs, as Airflow forks tasks.

`python step.py PROJECT DAG_ID DAY STEP...` runs them in a new process.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import jinja2

from refinery.project import Project
from refinery.rendering.task_start import load_dag


def run_step(project: Path, dag_id: str, day: str, task_id: str) -> None:
    """Run a step of the run of a day, in this process."""
    task = load_dag(Project.at(project), dag_id).get_task(task_id)
    date = datetime.fromisoformat(day).replace(tzinfo=UTC)
    run = SimpleNamespace(
        dag_id=dag_id, run_id=f"scheduled__{day}T00:00:00+00:00", logical_date=date, run_after=date
    )
    context = {
        "dag_run": run,
        "run_id": run.run_id,
        "ti": SimpleNamespace(try_number=1, xcom_push=lambda key, value: None),
        "logical_date": date,
        "ds": day,
        "outlet_events": defaultdict(SimpleNamespace),
    }
    signal.signal(signal.SIGTERM, lambda *_: task.on_kill())  # as Airflow's task runner does
    task.render_template_fields(context, jinja2.Environment(autoescape=False))
    task.execute(context)


def start_step(
    project: Path, dag_id: str, day: str, task_id: str, *, variables: dict[str, str], output: Path
) -> multiprocessing.Process:
    """Start a step on a worker whose folders its variables name; what it prints goes to a file."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(
        [__name__, "boto3", "pandas", "sklearn.ensemble", "sklearn.linear_model", "refinery.card.page"]
    )
    place = {"variables": variables, "output": output}
    process = forks.Process(target=_work, args=(project, dag_id, day, task_id), kwargs=place)
    process.start()
    return process


def _work(
    project: Path, dag_id: str, day: str, task_id: str, *, variables: dict[str, str], output: Path
) -> None:
    gc.freeze()  # as Airflow does before it forks
    os.environ.update(variables)
    with output.open("ab") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    sys.path[:0] = [str(project), str(project / "include")]
    tempfile.tempdir = None  # what the parent has found out is the parent's
    run_step(project, dag_id, day, task_id)


if __name__ == "__main__":
    project, dag_id, day, *steps = sys.argv[1:]
    for step in steps:
        run_step(Path(project), dag_id, day, step)
