"""A pipeline's steps in a DAG that somebody has written by hand."""

from __future__ import annotations

import runpy

import pytest

from refinery.config import ConfigError
from refinery.errors import RefineryError
from refinery.project import Project
from refinery.rendering.loader import load_dags

DAG_FILE = """
from airflow.sdk import DAG, task
import refinery

with DAG("report", schedule=None) as dag:
    @task
    def features(): ...
    @task
    def report(): ...
    features() >> refinery.refinery_task_group({arguments}) >> report()
"""
# What belongs to the place of a task rather than to the task.
OF_THE_PLACE = {
    "task_id",
    "downstream_task_ids",
    "upstream_task_ids",
    "task_group",
    "dag",
    "start_date",
    "end_date",
}


@pytest.fixture
def dag_of(configs):
    """The DAG of a file in dags/ that asks for a group."""

    def dag_of(arguments):
        file = configs.root / "dags" / "report.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(DAG_FILE.format(arguments=arguments))
        return runpy.run_path(str(file))["dag"]

    return dag_of


def facts(task):
    names = {name for name in task.get_serialized_fields() if not name.startswith("_")} - OF_THE_PLACE
    return {name: str(getattr(task, name, None)) for name in names}


MORE = "retries: 4\ntimeout: 2h\npool: big\nowner: ann\nrequire: {mae: {max: 90}}\n"


def test_the_groups_tasks_are_those_of_the_dag_that_the_config_makes_alone(configs, dag_of):
    configs.write("churn", MORE)
    dag = dag_of('"configs/churn.yml"')
    alone = load_dags(Project.at(configs.root))["churn"]
    assert dag.task_ids == ["features", *(f"churn.{task.task_id}" for task in alone.tasks), "report"]
    for task in alone.tasks:
        assert facts(dag.get_task(f"churn.{task.task_id}")) == facts(task)
    assert dag.get_task("churn.train_model").pipeline == "churn", "gc looks for the pipeline's own models"


def test_the_group_is_between_the_other_tasks(configs, dag_of):
    configs.write("churn")
    dag = dag_of('"configs/churn.yml", group_id="model"')
    order = [task.task_id for task in dag.topological_sort()]
    assert order == [
        "features",
        *(f"model.{step}" for step in ("download_dataset", "train_model", "upload_model", "clean_up")),
        "report",
    ]


def test_one_pipeline_of_a_matrix_goes_by_its_id(configs, dag_of):
    configs.write(
        "churn",
        text="""
matrix: {region: [us, de]}
source: s3://data/${matrix.region}.csv
model: sklearn.linear_model.Ridge
output: s3://models/churn/${matrix.region}/{{ ds }}/
""",
    )
    dag = dag_of('"configs/churn__us.yml"')
    assert dag.get_task("churn__us.download_dataset").source == "s3://data/us.csv"
    with pytest.raises(ConfigError):
        dag_of('"configs/churn.yml"')


@pytest.mark.parametrize("path", ["churn.yml", "configs", "configs/churn.csv"])
def test_what_is_no_config_is_refused(configs, dag_of, path):
    configs.write("churn")
    with pytest.raises(RefineryError, match="write its path"):
        dag_of(f'"{path}"')


PARAMS = """
params: {region: {type: text, default: us}, as_of: {type: date}}
source: s3://data/{{ params.region }}/{{ params.as_of }}.csv
model: random_forest
output: s3://models/regional/{{ params.region }}/{{ params.as_of }}/
"""


def test_a_group_brings_its_params_but_those_of_the_dag_come_first(configs, dag_of):
    configs.write("regional", text=PARAMS)
    task = dag_of('"configs/regional.yml"').get_task("regional.download_dataset")
    assert dict(task.params.dump()) == {"region": "us", "as_of": None}

    file = configs.root / "dags" / "report.py"
    text = DAG_FILE.format(arguments='"configs/regional.yml"')
    file.write_text(text.replace("schedule=None", 'schedule=None, params={"region": "eu"}'))
    task = runpy.run_path(str(file))["dag"].get_task("regional.download_dataset")
    assert dict(task.params.dump()) == {"region": "eu", "as_of": None}


def test_a_param_without_a_default_must_be_one_of_the_dag(configs, dag_of):
    configs.write("regional", text=PARAMS.replace(", default: us", ""))
    with pytest.raises(RefineryError, match='"region" of regional has no default; declare it in the params'):
        dag_of('"configs/regional.yml"')
