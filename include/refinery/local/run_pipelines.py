"""Run pipelines through Airflow's own ``DAG.test``, each in a fork, and report each step as a line of JSON.

The demo starts this as a separate process, so that the output of Airflow and of models goes to a log while the events go to the
file descriptor that the command line names. It ends, with everything that models started, when the demo does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import logging
import os
import signal
import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import psutil
from airflow.listeners import hookimpl
from airflow.models import DagBag
from airflow.providers.common.compat.sdk import get_listener_manager

from refinery.local.processes import on_parent_exit
from refinery.project import put_library_last
from refinery.spec.artifacts import JUDGEMENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

log = logging.getLogger(__name__)

_PR_SET_CHILD_SUBREAPER = 36
_MOST_GENERATIONS = 10
ALL_BUT_CLEAN_UP = r"(?!clean_up$).*"


class Emit(Protocol):
    """Reports one event."""

    def __call__(self, event: str, **facts: Any) -> None:
        """Report what happened, with its facts."""


def main() -> None:
    """Run the pipelines that the command line names, for the date that it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--date", required=True, help="the logical date, YYYY-MM-DD")
    parser.add_argument(
        "--run-after", required=True, help="when the runs are taken to begin; this makes their run id"
    )
    parser.add_argument("--events", type=int, required=True, help="the file descriptor for the events")
    parser.add_argument(
        "--conf", type=json.loads, default={}, help="the params that are set, by pipeline, as JSON"
    )
    parser.add_argument(
        "--clean-up", help="a pipeline whose run died with an earlier process: only its last step runs"
    )
    parser.add_argument("dag_ids", nargs="*")
    arguments = parser.parse_args()
    put_library_last()
    on_parent_exit(_end_all)
    _adopt_orphans()
    times: dict[str, Any] = {
        "logical_date": datetime.fromisoformat(arguments.date).replace(tzinfo=UTC),
        "run_after": datetime.fromisoformat(arguments.run_after),
    }

    with os.fdopen(arguments.events, "w", buffering=1) as events:

        def emit(event: str, **facts: Any) -> None:
            events.write(json.dumps({"event": event, **facts}) + "\n")

        get_listener_manager().add_listener(StepListener(emit))  # type: ignore[no-untyped-call]
        bag = DagBag()
        if arguments.clean_up:
            died = arguments.clean_up
            run_apart(partial(_clean_up, bag, died, {**times, "run_conf": arguments.conf.get(died)}))
        if len(arguments.dag_ids) > 1:
            _prepare_forks()
        gc.freeze()  # what is there stays, and no fork needs to look through it for garbage
        for dag_id in arguments.dag_ids:
            settings = {**times, "run_conf": arguments.conf.get(dag_id)}
            run_apart(partial(_run, bag, dag_id, settings, emit))


def run_apart(work: Callable[[], None]) -> None:
    """Do some work in a fork of this process; if the fork dies, end this process the same way.

    What a model's code changes in its process (environment variables, patched modules, threads that never end) thus ends with its
    own pipeline.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _work_and_leave(work, writer)
    exit_code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    _end_children()
    os.close(writer)
    try:
        has_finished = bool(os.read(reader, 1))
    except BlockingIOError:  # a process that it left behind holds the other end
        has_finished = False
    os.close(reader)
    if not has_finished:
        if exit_code < 0:
            os.kill(os.getpid(), -exit_code)
        os._exit(exit_code)


def _adopt_orphans() -> None:
    """Become the parent of processes that lose theirs, so that none that a model started escapes, not even in its own session.

    Only Linux supports this.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_children() -> None:
    """Kill what a pipeline's fork left running, orphans included, which this process adopted."""
    for _ in range(_MOST_GENERATIONS):  # the children of killed processes come to this one
        children = psutil.Process().children(recursive=True)
        _kill(children)
        psutil.wait_procs(children, timeout=1)
        if not children:
            return


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _end_all() -> None:
    _kill(psutil.Process().children(recursive=True))
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _work_and_leave(work: Callable[[], None], writer: int) -> NoReturn:
    """Do some work and leave the process without waiting for a model's threads; a byte reports that the work was done."""
    leave, status = os._exit, 1
    try:
        work()
        os.write(writer, b".")
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        log.exception("The pipeline's run ended with an error.")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        leave(status)


def _clean_up(bag: DagBag, dag_id: str, settings: dict[str, Any]) -> None:
    died = bag.dags[dag_id]
    died.on_success_callback = None  # the run was not a success
    died.test(**settings, mark_success_pattern=ALL_BUT_CLEAN_UP)


def _run(bag: DagBag, dag_id: str, settings: dict[str, Any], emit: Emit) -> None:
    started = time.monotonic()
    emit("started", pipeline=dag_id)
    dag = bag.dags.get(dag_id)
    if dag is None:
        emit("refused", pipeline=dag_id, error="\n".join(bag.import_errors.values()))
        return
    for task in dag.tasks:
        task.retries = 0  # nobody who watches wants to wait minutes for a retry
    run = dag.test(**settings)
    emit("finished", pipeline=dag_id, state=str(run.state), seconds=time.monotonic() - started)


def _prepare_forks() -> None:
    """Do once what takes each pipeline's fork seconds: import libraries, and build the API that Airflow's tasks call."""
    for name in ("boto3", "pandas", "sklearn.ensemble", "refinery.card.page"):
        importlib.import_module(name)
    # The API is internal to Airflow: where it has moved, each fork builds its own.
    with contextlib.suppress(ImportError, AttributeError):
        from airflow.sdk.execution_time.supervisor import in_process_api_server

        asyncio.run(_call(in_process_api_server().app))


async def _call(app: Callable[..., Awaitable[None]]) -> None:
    """Send one request to an ASGI application, so that it builds its routes; no handler answers it, whose thread a fork would lack."""
    request = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        pass

    await app(request, receive, send)


class StepListener:
    """Reports when a task starts, succeeds (with what it returned), skips itself or fails."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    @hookimpl
    def on_task_instance_running(self, task_instance: RuntimeTaskInstance) -> None:
        """Report that a task started."""
        self._emit_step(task_instance, "running")

    @hookimpl
    def on_task_instance_success(self, task_instance: RuntimeTaskInstance) -> None:
        """Report that a task succeeded, with what it returned."""
        returned = task_instance.xcom_pull(task_ids=task_instance.task_id)
        judgement = task_instance.xcom_pull(task_ids=task_instance.task_id, key=JUDGEMENT)
        self._emit_step(task_instance, "success", returned=returned, judgement=judgement)

    @hookimpl
    def on_task_instance_failed(self, task_instance: RuntimeTaskInstance, error: Any) -> None:
        """Report that a task failed, and why."""
        self._emit_step(task_instance, "failed", error=str(error))

    @hookimpl
    def on_task_instance_skipped(self, task_instance: RuntimeTaskInstance) -> None:
        """Report that a task skipped itself."""
        self._emit_step(task_instance, "skipped")

    def _emit_step(self, task_instance: RuntimeTaskInstance, state: str, **facts: Any) -> None:
        self._emit("step", pipeline=task_instance.dag_id, step=task_instance.task_id, state=state, **facts)


if __name__ == "__main__":
    main()
