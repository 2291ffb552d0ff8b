"""What parsing costs: the loader against the same DAGs written out in Python, and a task's start among many configs.

    .venv/bin/python benchmarks/parse.py [--pipelines 1000] [--rounds 7]

Every round measures all contestants in turn, in one warm process; the ratios are those of the medians.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import sys
import tempfile
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).resolve().parents[1]
PARSING_CONTEXT = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"  # what Airflow sets at a task's start

CONFIG = """\
description: Pipeline {index} of a team that has many.
schedule: "{minute} {hour} * * *"
source: s3://datasets/team_{index}/measurements.csv
model:
  module: random_forest
  params: {{n_estimators: {trees}}}
output: s3://models/pipeline_{index}/{{{{ ds }}}}/
target: outcome
tags: [team-{team}]
"""

DEFAULTS = """\
owner: data-science
tags: [training]
retries: 3
"""

LITERAL_HEAD = """\
from datetime import datetime, timedelta

from airflow.sdk import DAG
from refinery.rendering.loader import make_asset
from refinery.operators import CleanUpOperator, DownloadDatasetOperator, TrainModelOperator, UploadModelOperator

DEFAULTS = {
    "owner": "data-science",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(hours=1),
    "execution_timeout": timedelta(hours=6),
    "pool": "default_pool",
    "priority_weight": 1,
}
"""

LITERAL_DAG = """
with DAG(
    "pipeline_{index}",
    description="Pipeline {index} of a team that has many.",
    schedule="{minute} {hour} * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["training", "team-{team}"],
    default_args=DEFAULTS,
    doc_md={config!r},
) as dag_{index}:
    download = DownloadDatasetOperator(
        task_id="download_dataset",
        source=["s3://datasets/team_{index}/measurements.csv"],
        aws_conn_id="aws_default",
        inlets=[make_asset("s3://datasets/team_{index}/measurements.csv")],
    )
    train = TrainModelOperator(
        task_id="train_model",
        training={{
            "model": {{"module": "random_forest", "params": {{"n_estimators": {trees}}}}},
            "target": {{"column": "outcome"}},
        }},
        prefix="s3://models/pipeline_{index}/{{{{ ds }}}}/",
        series="s3://models/pipeline_{index}/{{{{ ds }}}}/",
        aws_conn_id="aws_default",
        config={{"path": "configs/pipeline_{index}.yml", "text": {config!r}}},
    )
    upload = UploadModelOperator(
        task_id="upload_model",
        prefix="s3://models/pipeline_{index}/{{{{ ds }}}}/",
        series="s3://models/pipeline_{index}/{{{{ ds }}}}/",
        aws_conn_id="aws_default",
        outlets=[make_asset("s3://models/pipeline_{index}")],
    )
    clean_up = CleanUpOperator(task_id="clean_up")
    download >> train >> upload >> clean_up
"""


def main() -> None:
    """Measure all contestants and print the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pipelines", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds, after one that warms up")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="refinery-benchmark-") as folder:
        root = Path(folder)
        set_up_airflow(root)
        literal = write_literal(root / "literal.py", arguments.pipelines)
        many = write_project(root / "many", arguments.pipelines)
        one = write_project(root / "one", 1)
        contestants = {
            "configs": lambda: parse(many / "dags" / "load_pipelines.py"),
            "literal Python": lambda: parse(literal),
            "a task's start, many configs": lambda: parse(many / "dags" / "load_pipelines.py", "pipeline_0"),
            "a task's start, one config": lambda: parse(one / "dags" / "load_pipelines.py", "pipeline_0"),
        }
        medians = measure(contestants, arguments.rounds)

    for name, seconds in medians.items():
        print(f"{name:30} {seconds * 1000:9.2f} ms")
    all_ratio = medians["configs"] / medians["literal Python"]
    one_ratio = medians["a task's start, many configs"] / medians["a task's start, one config"]
    print(
        f"{arguments.pipelines} configs / literal Python:              {all_ratio:.2f} (wanted: at most 1.5)"
    )
    print(
        f"a task's start, {arguments.pipelines} configs / one config: {one_ratio:.2f} (wanted: at most 1.3)"
    )


def set_up_airflow(root: Path) -> None:
    """Point Airflow at an empty home, and Python at the project."""
    os.environ["AIRFLOW_HOME"] = str(root / "airflow")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY"] = "False"
    sys.path[:0] = [str(PROJECT), str(PROJECT / "include")]


def values(index: int) -> dict[str, object]:
    """What differs from one pipeline to the next."""
    facts = {
        "index": index,
        "minute": index % 60,
        "hour": index % 24,
        "trees": 50 + index % 200,
        "team": index % 20,
    }
    return facts | {"config": CONFIG.format(**facts)}


def write_project(folder: Path, pipelines: int) -> Path:
    """A project with that many configs."""
    for name in ("dags", "include", "plugins"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "configs").mkdir()
    (folder / "configs" / "defaults.yml").write_text(DEFAULTS)
    for index in range(pipelines):
        (folder / "configs" / f"pipeline_{index}.yml").write_text(str(values(index)["config"]))
    return folder


def write_literal(path: Path, pipelines: int) -> Path:
    """The same DAGs as Python code."""
    path.write_text(LITERAL_HEAD + "".join(LITERAL_DAG.format(**values(index)) for index in range(pipelines)))
    return path


def parse(path: Path, dag_id: str | None = None) -> int:
    """Run a DAG file as Airflow does, bytecode cached, and return how many DAGs it makes."""
    from airflow.sdk import DAG

    if dag_id:
        os.environ[PARSING_CONTEXT] = dag_id
    loader = SourceFileLoader(f"benchmark_{path.parent.parent.name}", str(path))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    os.environ.pop(PARSING_CONTEXT, None)
    return sum(isinstance(value, DAG) for value in vars(module).values())


def measure(contestants: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Median seconds of each contestant."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for index in range(rounds + 1):
        for name, contestant in contestants.items():
            gc.collect()  # what one contestant leaves behind is not the next one's cost
            started = time.perf_counter()
            dags = contestant()
            if index > 0:
                seconds[name].append(time.perf_counter() - started)
            if dags == 0:
                raise SystemExit(f"{name} made no DAG")
    return {name: statistics.median(times) for name, times in seconds.items()}


if __name__ == "__main__":
    main()
