"""What the four steps take under the real scheduler, against the same written by hand as four careful PythonOperators.

    .venv/bin/python -m benchmarks.steps [--rounds 10]

About 7 minutes, 3 with `--rounds 3`. Airflow runs as `refinery up` starts it, with the embedded S3 server and an idle scheduler that
sleeps 0.1 s. All DAGs train the same model on the same dataset, in turn; what is written by hand imports heavy libraries inside its
callables. Four empty tasks are the floor: what Airflow itself takes. A run lasts from its trigger to its end, a task from its start
to its end, both as Airflow's database has them.

All of that is measured twice: without further settings, and with the libraries of a training imported by the scheduler, from which LocalExecutor
forks the tasks: ours by REFINERY_PRELOAD=training, by hand with a plugin. Both are in the same Airflow, so either profits from the
other's imports.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import PROJECT
from benchmarks.measure import Figures, Watch, arguments, print_machine, print_table, scratch_folder
from benchmarks.project import copy_project
from refinery.local.rest_api import RestApi
from refinery.local.stack import running_stack

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

FIRST_DATE = datetime(2026, 2, 1, tzinfo=UTC)
BY_HAND = "petrol_by_hand"
CONTESTANTS = {
    "without_card": "Refinery, without the card",
    "with_card": "Refinery, with the card",
    BY_HAND: "by hand",
    "empty_tasks": "empty tasks",
}
RUN = "the run"
SUM = "its tasks"
TASKS = ("download_dataset", "train_model", "upload_model", "clean_up")
PRELOADING = {"nothing": "without further settings", "training": "with the libraries of a training preloaded"}
WARM_UP_RUNS = 2
CONFIG = """\
source: https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv
model: random_forest
output: s3://models/{name}/{{{{ ds }}}}/
card: {card}
"""

Seconds = dict[str, dict[str, Figures]]


def main() -> None:
    """Run all DAGs in turn, in one Airflow after the other, and print the tables."""
    options = parse_arguments()
    print_machine(options.rounds)
    for preloaded in options.preloaded:
        with running_airflow(training=preloaded == "training") as api:
            seconds = measure(api, options.rounds)
        print_seconds(PRELOADING[preloaded], seconds)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="counted runs of each DAG")
    parser.add_argument("--preloaded", nargs="+", choices=PRELOADING, default=list(PRELOADING))
    return parser.parse_args()


@contextmanager
def running_airflow(*, training: bool) -> Iterator[RestApi]:
    """Start Airflow with all contestants in it.

    Args:
        training: Let the scheduler import the libraries of a training.
    """
    with scratch_folder() as name:
        project = Path(name)
        configs = {"with_card": "true", "without_card": "false"}
        copy_project(
            project, {f"{one}.yml": CONFIG.format(name=one, card=card) for one, card in configs.items()}
        )
        contestants = PROJECT / "benchmarks" / "contestants"
        for file in ("petrol_by_hand.py", "empty_tasks.py"):
            shutil.copy(contestants / file, project / "dags")
        os.environ.pop("REFINERY_PRELOAD", None)
        if training:
            os.environ["REFINERY_PRELOAD"] = "training"
            shutil.copy(contestants / "preload_by_hand.py", project / "plugins")
        with running_stack(project, home=project / "airflow", port=free_port()) as stack:
            yield RestApi(stack.url)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(api: RestApi, rounds: int) -> Seconds:
    """Return the seconds of runs and tasks by DAG, without those that warm up."""
    for dag_id in CONTESTANTS:
        api.unpause(dag_id)
    seconds: Seconds = {dag_id: defaultdict(Figures) for dag_id in CONTESTANTS}
    for number in range(WARM_UP_RUNS + rounds):
        for dag_id in CONTESTANTS:
            measured, others = one_run(api, dag_id, FIRST_DATE + timedelta(days=number))
            if number >= WARM_UP_RUNS:
                for name, value in measured.items():
                    seconds[dag_id][name].add(value, others)
    return seconds


def one_run(api: RestApi, dag_id: str, logical_date: datetime) -> tuple[dict[str, float], float]:
    """Run a DAG; return the seconds of the run and of its tasks, and the share of the machine that others took.

    Raises:
        SystemExit: The run failed.
    """
    with Watch() as watch:
        run = api.wait(dag_id, api.trigger(dag_id, logical_date=logical_date.isoformat()))
    if run["state"] != "success":
        raise SystemExit(f"{dag_id} failed: {run}")
    tasks = api.call("GET", f"dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    durations = {task["task_id"]: between(task, "start_date", "end_date") for task in tasks}
    whole = {RUN: between(run, "queued_at", "end_date"), SUM: sum(durations.values())}
    return whole | durations, watch.others


def between(item: dict[str, Any], start: str, end: str) -> float:
    """Return the seconds between two moments."""
    return (datetime.fromisoformat(item[end]) - datetime.fromisoformat(item[start])).total_seconds()


def print_seconds(title: str, seconds: Seconds) -> None:
    """Print a table of all, and a table of the ratios to what is written by hand."""
    print(f"Four steps under the real scheduler, {title}")
    columns = (RUN, SUM, *TASKS)
    print_table(
        ("contestant", *columns),
        [
            (title, *(seconds[dag_id][column].text() for column in columns))
            for dag_id, title in CONTESTANTS.items()
        ],
    )
    print("Ratios to what is written by hand")
    print_table(
        ("contestant", *columns),
        [
            (title, *(seconds[dag_id][column].ratio_to(seconds[BY_HAND][column]) for column in columns))
            for dag_id, title in CONTESTANTS.items()
            if dag_id != BY_HAND
        ],
    )


if __name__ == "__main__":
    main()
