"""Runs steps of a pipeline as a worker does, mostly one in a process of its own: `python step.py PROJECT DAG_ID DAY STEP...`."""

from __future__ import annotations

import os
import signal
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import jinja2

from include.rendering.loader import load_dags


def run_step(project: Path, dag_id: str, day: str, task_id: str) -> None:
    """Run a step of the run of a day, in this process."""
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
    task = load_dags(project)[dag_id].get_task(task_id)
    date = datetime.fromisoformat(day).replace(tzinfo=UTC)
    run = SimpleNamespace(
        dag_id=dag_id, run_id=f"scheduled__{day}T00:00:00+00:00", logical_date=date, run_after=date
    )
    context = {
        "dag_run": run,
        "run_id": run.run_id,
        "ti": SimpleNamespace(try_number=1),
        "logical_date": date,
        "ds": day,
        "outlet_events": defaultdict(SimpleNamespace),
    }
    signal.signal(signal.SIGTERM, lambda *_: task.on_kill())  # as Airflow's task runner does
    task.render_template_fields(context, jinja2.Environment(autoescape=False))
    task.execute(context)


if __name__ == "__main__":
    project, dag_id, day, *steps = sys.argv[1:]
    for step in steps:
        run_step(Path(project), dag_id, day, step)
