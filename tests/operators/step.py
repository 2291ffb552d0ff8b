"""Runs one step of a pipeline in a process of its own, as a worker does: `python step.py PROJECT DAG_ID TASK_ID`."""

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

project, dag_id, task_id = sys.argv[1:]
os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
task = load_dags(Path(project))[dag_id].get_task(task_id)
day = datetime(2026, 1, 31, tzinfo=UTC)
run = SimpleNamespace(
    dag_id=dag_id, run_id="scheduled__2026-01-31T00:00:00+00:00", logical_date=day, run_after=day
)
context = {
    "dag_run": run,
    "run_id": run.run_id,
    "ti": SimpleNamespace(try_number=1),
    "logical_date": day,
    "ds": "2026-01-31",
    "outlet_events": defaultdict(SimpleNamespace),
}
signal.signal(signal.SIGTERM, lambda *_: task.on_kill())  # as Airflow's task runner does
task.render_template_fields(context, jinja2.Environment(autoescape=False))
task.execute(context)
