"""Parse DAG files in this process as Airflow does, and print what that takes as one line of JSON; `benchmarks.parse` runs it.

The modules that a process of a task has imported before it parses anything are imported before the clock starts. With --preload,
this process first starts a job as a scheduler does, and each parse happens in a fork.
"""

import argparse
import gc
import json
import logging
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Parse, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="the DAG files")
    parser.add_argument("--bundle", type=Path, required=True, help="their folder")
    parser.add_argument("--repeat", type=int, default=1, help="the first of them is cold")
    parser.add_argument(
        "--serialize", action="store_true", help="also serialize the DAGs, as a dag-processor does"
    )
    parser.add_argument("--show", action="store_true", help="print what the DAGs are")
    parser.add_argument(
        "--preload", action="store_true", help="start a job, and parse in forks of this process"
    )
    parser.add_argument("--mark", action="store_true", help="write to stderr that the parse begins")
    options = parser.parse_args()
    if options.preload:
        start_job()
    import airflow.sdk.execution_time.task_runner  # noqa: F401
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: F401

    logging.disable(logging.CRITICAL)  # some write a line for each DAG
    if options.mark:
        print("--- parse ---", file=sys.stderr, flush=True)
    measured = [
        measure_in_fork(options) if options.preload else measure(options) for _ in range(options.repeat)
    ]
    print(json.dumps({"parses": measured, "peak": peak_bytes()}), flush=True)


def start_job() -> None:
    """Let plugins know that a scheduler starts."""
    from airflow.jobs.job import Job
    from airflow.listeners.listener import get_listener_manager

    get_listener_manager()
    sys.argv.append("scheduler")  # as `airflow scheduler` has it
    Job()


def measure_in_fork(options: argparse.Namespace) -> dict[str, object]:
    """Measure in a fork, which first loads the plugins, as the process of a task does."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        started = time.perf_counter()
        load_plugins()
        plugins = time.perf_counter() - started
        os.write(writer, json.dumps({**measure(options), "plugins": plugins}).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return dict(json.loads(text))


def load_plugins() -> None:
    """Load the plugins as the start of a task does."""
    from airflow.sdk.execution_time.task_runner import TaskRunnerMarker
    from airflow.sdk.listener import get_listener_manager

    get_listener_manager().hook.on_starting(component=TaskRunnerMarker())


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Parse each file once."""
    from airflow.dag_processing.dagbag import BundleDagBag

    gc.collect()  # what the last parse left behind is not this one's cost
    started, used = time.perf_counter(), time.process_time()
    bags = [
        BundleDagBag(
            dag_folder=file,
            safe_mode=True,
            load_op_links=False,
            bundle_path=options.bundle,
            bundle_name="bench",
        )
        for file in options.files
    ]
    result: dict[str, object] = {
        "parse": time.perf_counter() - started,
        "processor": time.process_time() - used,
    }
    dags = [dag for bag in bags for dag in bag.dags.values()]
    if errors := [text for bag in bags for text in bag.import_errors.values()]:
        raise SystemExit(errors[0])
    result["dags"] = len(dags)
    if options.serialize:
        from airflow.serialization.serialized_objects import DagSerialization

        started = time.perf_counter()
        for dag in dags:
            DagSerialization.to_dict(dag)
        result["serialize"] = time.perf_counter() - started
    if options.show:
        result["shape"] = {dag.dag_id: shape_of(dag) for dag in dags}
    return result


def shape_of(dag: object) -> dict[str, object]:
    """Return what must be the same whoever makes a DAG."""
    return {
        "schedule": dag.timetable.summary if hasattr(dag.timetable, "summary") else str(dag.schedule),
        "description": dag.description,
        "tags": sorted(set(dag.tags) - {"dagfactory", "refinery"}),
        "retries": dag.default_args["retries"],
        "owner": dag.default_args["owner"],
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "tasks": {task.task_id: [sorted(task.downstream_task_ids), task.is_teardown] for task in dag.tasks},
    }


def peak_bytes() -> int:
    """Return the most that this process held in memory."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    main()
