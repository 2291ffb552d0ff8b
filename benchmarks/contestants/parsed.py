"""The same pipelines for each contestant of `benchmarks.parse`: configs, literal Python, a loop in Python, dag-factory's YAML."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.project import copy_project

if TYPE_CHECKING:
    from collections.abc import Callable

_TEAMS = 20

_DEFAULTS = """\
owner: data-science
tags: [training]
retries: 3
"""

_CONFIG = """\
description: Pipeline {index} of a team that has many.
schedule: "{minute} {hour} * * *"
source: s3://datasets/team_{team}/measurements_{index}.csv
model:
  module: random_forest
  params: {{n_estimators: {trees}}}
output: s3://models/{dag_id}/{{{{ ds }}}}/
target: outcome
tags: [team-{team}]
"""

_HEAD = """\
from datetime import datetime, timedelta

from airflow.sdk import DAG{names}
from light_operators import CleanUp, Download, Train, Upload

DEFAULTS = {{
    "owner": "data-science",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(hours=6),
}}
"""

_LITERAL = """
with DAG(
    "{dag_id}",
    description="Pipeline {index} of a team that has many.",
    schedule="{minute} {hour} * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["training", "team-{team}"],
    default_args=DEFAULTS,
) as dag_{index}:
    download = Download(
        task_id="download_dataset",
        source="s3://datasets/team_{team}/measurements_{index}.csv",
        path="/tmp/{dag_id}/{{{{ ds }}}}/dataset.csv",
    )
    train = Train(
        task_id="train_model",
        model="random_forest",
        settings={{"n_estimators": {trees}}},
        target="outcome",
        path="/tmp/{dag_id}/{{{{ ds }}}}/model.pkl",
    )
    upload = Upload(
        task_id="upload_model",
        path="/tmp/{dag_id}/{{{{ ds }}}}/model.pkl",
        prefix="s3://models/{dag_id}/{{{{ ds }}}}/",
    )
    clean_up = CleanUp(task_id="clean_up", path="/tmp/{dag_id}/{{{{ ds }}}}/")
    download >> train >> upload >> clean_up
"""

_LOOP = """
only = get_parsing_context().dag_id
for index, minute, hour, team, trees in PIPELINES:
    dag_id = f"pipeline_{index:05}"
    if only not in (None, dag_id):
        continue
    folder = f"/tmp/{dag_id}/{{{{ ds }}}}/"
    with DAG(
        dag_id,
        description=f"Pipeline {index} of a team that has many.",
        schedule=f"{minute} {hour} * * *",
        start_date=datetime(2026, 1, 1),
        catchup=False,
        max_active_runs=1,
        tags=["training", f"team-{team}"],
        default_args=DEFAULTS,
    ) as dag:
        download = Download(
            task_id="download_dataset",
            source=f"s3://datasets/team_{team}/measurements_{index}.csv",
            path=f"{folder}dataset.csv",
        )
        train = Train(
            task_id="train_model",
            model="random_forest",
            settings={"n_estimators": trees},
            target="outcome",
            path=f"{folder}model.pkl",
        )
        upload = Upload(
            task_id="upload_model",
            path=f"{folder}model.pkl",
            prefix=f"s3://models/{dag_id}/{{{{ ds }}}}/",
        )
        clean_up = CleanUp(task_id="clean_up", path=folder)
        download >> train >> upload >> clean_up
    globals()[dag_id] = dag
"""

_DAG_FACTORY_FILE = """\
# dag-factory's own loader: Airflow reads files that contain "airflow" and "dag".
from pathlib import Path

from dagfactory import load_yaml_dags

folder = str(Path(__file__).parent / "pipelines")
load_yaml_dags(globals_dict=globals(), dags_folder=folder, defaults_config_path=folder)
"""

_DAG_FACTORY = """\
{dag_id}:
  description: Pipeline {index} of a team that has many.
  schedule: "{minute} {hour} * * *"
  start_date: 2026-01-01
  catchup: false
  max_active_runs: 1
  tags: [training, team-{team}]
  default_args:
    owner: data-science
    retries: 3
    retry_delay: {{__type__: datetime.timedelta, seconds: 60}}
    execution_timeout: {{__type__: datetime.timedelta, seconds: 21600}}
  tasks:
    - task_id: download_dataset
      operator: light_operators.Download
      source: s3://datasets/team_{team}/measurements_{index}.csv
      path: /tmp/{dag_id}/{{{{ ds }}}}/dataset.csv
    - task_id: train_model
      operator: light_operators.Train
      model: random_forest
      settings: {{n_estimators: {trees}}}
      target: outcome
      path: /tmp/{dag_id}/{{{{ ds }}}}/model.pkl
      dependencies: [download_dataset]
    - task_id: upload_model
      operator: light_operators.Upload
      path: /tmp/{dag_id}/{{{{ ds }}}}/model.pkl
      prefix: s3://models/{dag_id}/{{{{ ds }}}}/
      dependencies: [train_model]
    - task_id: clean_up
      operator: light_operators.CleanUp
      path: /tmp/{dag_id}/{{{{ ds }}}}/
      dependencies: [upload_model]
"""


@dataclass(frozen=True)
class Parsed:
    """One contestant's DAG files.

    Attributes:
        files: The DAG files, in the order in which they are parsed.
        bundle: Their folder.
        plugins: The folder of its plugins; None if it has none.
    """

    files: tuple[Path, ...]
    bundle: Path
    plugins: Path | None = None


def dag_id(index: int) -> str:
    """Return a pipeline's id."""
    return f"pipeline_{index:05}"


def write_all(folder: Path, pipelines: int) -> dict[str, Parsed]:
    """Write every contestant's files into its own folder.

    Args:
        folder: Where to.
        pipelines: How many pipelines each has.
    """
    return {name: write(folder / name.replace(" ", "-"), pipelines) for name, write in CONTESTANTS.items()}


def write_configs(folder: Path, pipelines: int) -> Parsed:
    """Write a project with that many configs."""
    configs = {f"{dag_id(index)}.yml": _CONFIG.format(**_facts(index)) for index in range(pipelines)}
    copy_project(folder, {"defaults.yml": _DEFAULTS, **configs})
    dags = folder / "dags"
    files = (dags / "load_pipelines.py", dags / "report_broken_configs.py")
    return Parsed(files, dags, folder / "plugins")


def _write_literal(folder: Path, pipelines: int) -> Parsed:
    text = "".join(_LITERAL.format(**_facts(index)) for index in range(pipelines))
    return _write_dag_file(folder, _HEAD.format(names="") + text)


def _write_loop(folder: Path, pipelines: int) -> Parsed:
    row = "    ({index}, {minute}, {hour}, {team}, {trees}),\n"
    rows = "".join(row.format(**_facts(index)) for index in range(pipelines))
    return _write_dag_file(
        folder, _HEAD.format(names=", get_parsing_context") + f"\nPIPELINES = [\n{rows}]\n{_LOOP}"
    )


def _write_dag_factory(folder: Path, pipelines: int) -> Parsed:
    written = _write_dag_file(folder, _DAG_FACTORY_FILE)
    (folder / "pipelines").mkdir()
    for index in range(pipelines):
        (folder / "pipelines" / f"{dag_id(index)}.yml").write_text(_DAG_FACTORY.format(**_facts(index)))
    return written


def _write_dag_file(folder: Path, text: str) -> Parsed:
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("light_operators.py"), folder)
    file = folder / "pipelines_dag.py"
    file.write_text(text)
    return Parsed((file,), folder)


def _facts(index: int) -> dict[str, int | str]:
    return {
        "index": index,
        "minute": index % 60,
        "hour": index % 24,
        "team": index % _TEAMS,
        "trees": 50 + index % 200,
        "dag_id": dag_id(index),
    }


CONTESTANTS: dict[str, Callable[[Path, int], Parsed]] = {
    "Refinery": write_configs,
    "literal Python": _write_literal,
    "loop in Python": _write_loop,
    "dag-factory folder": _write_dag_factory,
}
