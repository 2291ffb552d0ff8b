"""What a hundred pipelines cost that are due at the same minute, on two workers that share no folder, against hand-written DAGs.

    .venv/bin/python -m benchmarks.cluster [--pipelines 100] [--by-hand 100] [--without-card]

About 15 minutes, 3 with `--pipelines 3 --by-hand 3`; redis-server and PostgreSQL must be installed. The pipelines train the same small
model, with the card by default. The hand-written DAGs are a file each with four PythonOperators that do the same work
and meet on S3 as well. All of one kind are unpaused at once, so that each is due at that moment; then those of the other kind.
Memory is the sum of what each process has resident: pages that processes share count in each.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import psutil
import psycopg2

from benchmarks import PROJECT
from benchmarks.measure import BUSY, MEBIBYTE, QUIET, Watch, arguments, print_machine, scratch_folder
from benchmarks.project import copy_project
from refinery.local.cluster import running_cluster
from refinery.local.rest_api import RestApi

PAGE = 100  # the REST API gives no more at once
FOUND_TIMEOUT = 600  # seconds until the dag-processor has found all DAGs
RUN_TIMEOUT = 3600  # seconds until all runs of a kind have ended

CONFIG = """\
schedule: "@daily"
source: s3://iasd-data-in-the-cloud/petrol_consumption.csv
model: {{class: sklearn.linear_model.Ridge}}
output: s3://models/{name}/{{{{ ds }}}}/
card: {card}
"""

BY_HAND = '''\
"""The same pipeline as an Airflow user would write it: four callables that meet on S3."""

from datetime import datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

NAME = "{name}"


def download():
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    dataset = S3Hook().get_key("petrol_consumption.csv", "iasd-data-in-the-cloud").get()["Body"].read()
    S3Hook().load_bytes(dataset, f"by_hand/{{NAME}}/dataset.csv", "staging", replace=True)


def train():
    import io
    import json
    import pickle

    import pandas as pd
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from sklearn.linear_model import Ridge
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
    from sklearn.model_selection import train_test_split

    table = pd.read_csv(io.BytesIO(S3Hook().get_key(f"by_hand/{{NAME}}/dataset.csv", "staging").get()["Body"].read()))
    x_train, x_test, y_train, y_test = train_test_split(
        table.iloc[:, :-1], table.iloc[:, -1], test_size=0.2, random_state=0
    )
    model = Ridge().fit(x_train, y_train)
    predicted = model.predict(x_test)
    metrics = {{
        "mae": mean_absolute_error(y_test, predicted),
        "mse": mean_squared_error(y_test, predicted),
        "r2": r2_score(y_test, predicted),
    }}
    S3Hook().load_string(json.dumps(metrics), f"by_hand/{{NAME}}/metrics.json", "staging", replace=True)
    S3Hook().load_bytes(pickle.dumps(model), f"by_hand/{{NAME}}/model.pkl", "staging", replace=True)


def upload(ds):
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    for file in ("model.pkl", "metrics.json"):
        S3Hook().copy_object(f"by_hand/{{NAME}}/{{file}}", f"{{NAME}}/{{ds}}/{{file}}", "staging", "models")


def clean_up():
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    files = ("dataset.csv", "model.pkl", "metrics.json")
    S3Hook().delete_objects("staging", [f"by_hand/{{NAME}}/{{file}}" for file in files])


with DAG(NAME, schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, tags=["benchmark"]):
    steps = [PythonOperator(task_id=step.__name__, python_callable=step) for step in (download, train, upload, clean_up)]
    steps[0] >> steps[1] >> steps[2] >> steps[3]
'''


class Peaks:
    """Watches a cluster once a second, and keeps the highest of what it sees; use it in a ``with`` statement."""

    def __init__(self, cluster):
        self.memory = Counter()
        self.connections = Counter()
        self._cluster = cluster
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        database = psycopg2.connect(f"postgresql:{self._cluster.database.url}")
        database.autocommit = True
        store = psutil.Process(self._cluster.store.pid)
        while not self._ended.wait(1):
            with database.cursor() as cursor:
                cursor.execute("select count(*) from pg_stat_activity where datname = current_database()")
                others = cursor.fetchone()[0] - 1
            s3 = sum(
                connection.status == psutil.CONN_ESTABLISHED for connection in store.net_connections("tcp")
            )
            self.connections |= Counter({"database": others, "S3": s3})
            self.memory |= Counter(
                {name: resident(one.pid) for name, one in self._cluster.components.items()}
            )
        database.close()


def main() -> None:
    """Run both kinds in turn, and print what they took."""
    parser = arguments(__doc__)
    parser.add_argument("--pipelines", type=int, default=100)
    parser.add_argument("--by-hand", type=int, default=100, help="how many hand-written DAGs")
    parser.add_argument("--without-card", action="store_true", help="let the pipelines draw no card")
    options = parser.parse_args()
    print_machine()
    kinds = {
        "pipelines": [f"pipeline_{number:03}" for number in range(options.pipelines)],
        "by hand": [f"by_hand_{number:03}" for number in range(options.by_hand)],
    }
    with scratch_folder() as folder:
        project = make_project(Path(folder), kinds, card=not options.without_card)
        with running_cluster(project, home=project / ".local" / "cluster") as cluster:
            speeds = {kind: measure(cluster, kind, dag_ids) for kind, dag_ids in kinds.items() if dag_ids}
    if len(speeds) == len(kinds):
        ratio = speeds["pipelines"] / speeds["by hand"]
        print(f"pipelines / by hand, for each minute: {ratio:.2f}")


def make_project(folder: Path, kinds, *, card):
    """Copy the project, with the benchmark's DAGs instead of the project's."""
    configs = PROJECT / "configs"
    texts = {f"environments/{file.name}": file.read_text() for file in (configs / "environments").iterdir()}
    texts |= {f"{name}.yml": CONFIG.format(name=name, card=str(card).lower()) for name in kinds["pipelines"]}
    copy_project(folder, texts)
    for name in kinds["by hand"]:
        (folder / "dags" / f"{name}.py").write_text(BY_HAND.format(name=name))
    return folder


def measure(cluster, kind, dag_ids):
    """Let all DAGs of a kind run at once, print what it took, and return how many ended in a minute."""
    api = RestApi(cluster.url)
    wait(lambda: found(api, dag_ids) == len(dag_ids), FOUND_TIMEOUT)
    with Watch() as watch, Peaks(cluster) as peaks:
        for dag_id in dag_ids:
            api.unpause(dag_id)
        wait(lambda: ended(api, dag_ids, "success", "failed") >= len(dag_ids), RUN_TIMEOUT)
    succeeded = ended(api, dag_ids, "success")
    speed = len(dag_ids) / watch.seconds * 60
    mark = f" {BUSY}" if watch.others > QUIET else ""
    print(f"{kind}: {succeeded} of {len(dag_ids)} succeeded, {speed:.1f} a minute{mark}")
    tasks = task_instances(api, dag_ids)
    print(f"  tries: {sum(task['try_number'] for task in tasks)} of {len(tasks)} tasks")
    print(f"  in the scheduler, from due to queued: {spread(tasks, 'scheduled_when', 'queued_when')}")
    print(f"  in the queue, from queued to running: {spread(tasks, 'queued_when', 'start_date')}")
    print(f"  running: {spread(tasks, 'start_date', 'end_date')}")
    print(
        f"  peak connections: {peaks.connections['database']} to the database, {peaks.connections['S3']} to S3"
    )
    memory = ", ".join(f"{name} {size / MEBIBYTE:.0f}" for name, size in peaks.memory.items())
    print(f"  peak memory, MiB: {memory}\n", flush=True)
    return speed


def found(api, dag_ids):
    """Count the DAGs that can run."""
    pages = (
        api.call("GET", f"dags?limit={PAGE}&offset={offset}")["dags"] for offset in range(0, 10 * PAGE, PAGE)
    )
    return len({dag["dag_id"] for page in pages for dag in page} & set(dag_ids))


def ended(api, dag_ids, *states):
    """Count the runs in one of these states."""
    body = {"dag_ids": dag_ids, "states": states, "page_limit": 1}
    return api.call("POST", "dags/~/dagRuns/list", body)["total_entries"]


def task_instances(api, dag_ids):
    """List the tasks of all runs."""
    return [
        task
        for dag_id in dag_ids
        for task in api.call("GET", f"dags/{dag_id}/dagRuns/~/taskInstances?limit={PAGE}")["task_instances"]
    ]


def spread(tasks, start, end):
    """Tell median, 95th percentile and maximum of the seconds between two moments."""
    seconds = [
        (datetime.fromisoformat(task[end]) - datetime.fromisoformat(task[start])).total_seconds()
        for task in tasks
        if task[start] and task[end]
    ]
    ninety_fifth = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return (
        f"median {statistics.median(seconds):.1f} s, 95 % {ninety_fifth:.1f} s, at most {max(seconds):.1f} s"
    )


def resident(pid):
    """Sum what a process and its descendants have in memory, in bytes."""
    total = 0
    process = psutil.Process(pid)
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def wait(condition, timeout):
    """Wait until a condition holds.

    Raises:
        TimeoutError: It did not within that many seconds.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s")
        time.sleep(1)


if __name__ == "__main__":
    main()
