"""Runs pipelines through Airflow's own ``DAG.test`` in one process, and tells each step as a line of JSON.

Started as a process of its own by the demo, so that Airflow's output, and whatever a model prints, goes to a log while
the events go to the file descriptor named on the command line. It ends, with all that models have started, when the demo does.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from airflow.dag_processing.dagbag import DagBag
from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager

from include.local.parent import when_parent_ends

if TYPE_CHECKING:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

ALL_BUT_CLEAN_UP = r"(?!clean_up$).*"


class Emit(Protocol):
    """Tells one event."""

    def __call__(self, event: str, **facts: Any) -> None:
        """Tell what happened, and the facts of it."""


def main() -> None:
    """Run the pipelines that the command line names, for the date that it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--date", required=True, help="the logical date, YYYY-MM-DD")
    parser.add_argument(
        "--run-after", required=True, help="when the runs are said to begin; it makes their run id"
    )
    parser.add_argument("--events", type=int, required=True, help="the file descriptor for the events")
    parser.add_argument(
        "--clean-up", help="a pipeline whose run died under an earlier process: only its last step runs"
    )
    parser.add_argument("dag_ids", nargs="*")
    arguments = parser.parse_args()
    when_parent_ends(lambda: os.killpg(os.getpgrp(), signal.SIGKILL))
    times: dict[str, Any] = {
        "logical_date": datetime.fromisoformat(arguments.date).replace(tzinfo=UTC),
        "run_after": datetime.fromisoformat(arguments.run_after),
    }

    with os.fdopen(arguments.events, "w", buffering=1) as events:

        def emit(event: str, **facts: Any) -> None:
            events.write(json.dumps({"event": event, **facts}) + "\n")

        get_listener_manager().add_listener(StepListener(emit))  # type: ignore[no-untyped-call]
        bag = DagBag()
        dags = bag.dags
        if arguments.clean_up:
            died = dags[arguments.clean_up]
            died.on_success_callback = None  # it was none
            died.test(**times, mark_success_pattern=ALL_BUT_CLEAN_UP)
        for dag_id in arguments.dag_ids:
            started = time.monotonic()
            emit("started", pipeline=dag_id)
            dag = dags.get(dag_id)
            if dag is None:
                emit("refused", pipeline=dag_id, error="\n".join(bag.import_errors.values()))
                continue
            for task in dag.tasks:
                task.retries = 0  # who watches does not wait minutes for a second try
            run = dag.test(**times)
            emit("finished", pipeline=dag_id, state=str(run.state), seconds=time.monotonic() - started)


class StepListener:
    """Tells when a task starts, succeeds (and what it returned), skips itself and fails."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    @hookimpl
    def on_task_instance_running(self, task_instance: RuntimeTaskInstance) -> None:
        """Tell that a task has started."""
        self._emit_step(task_instance, "running")

    @hookimpl
    def on_task_instance_success(self, task_instance: RuntimeTaskInstance) -> None:
        """Tell that a task has succeeded, with what it returned."""
        returned = task_instance.xcom_pull(task_ids=task_instance.task_id)
        self._emit_step(task_instance, "success", returned=returned)

    @hookimpl
    def on_task_instance_failed(self, task_instance: RuntimeTaskInstance, error: Any) -> None:
        """Tell that a task has failed, and why."""
        self._emit_step(task_instance, "failed", error=str(error))

    @hookimpl
    def on_task_instance_skipped(self, task_instance: RuntimeTaskInstance) -> None:
        """Tell that a task has skipped itself."""
        self._emit_step(task_instance, "skipped")

    def _emit_step(self, task_instance: RuntimeTaskInstance, state: str, **facts: Any) -> None:
        self._emit("step", pipeline=task_instance.dag_id, step=task_instance.task_id, state=state, **facts)


if __name__ == "__main__":
    main()
