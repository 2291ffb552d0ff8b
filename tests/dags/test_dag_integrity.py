"""The checks of a new Astro project for every DAG. Self-contained: `astro dev pytest` runs it inside the image."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.models import DagBag

DAGS = Path(__file__).resolve().parents[2] / "dags"


@pytest.fixture(scope="module")
def dag_bag() -> DagBag:
    return DagBag(DAGS)


def test_no_file_has_import_errors(dag_bag):
    assert dag_bag.import_errors == {}


def test_there_are_dags(dag_bag):
    assert dag_bag.dags


def test_every_dag_has_a_tag(dag_bag):
    untagged = [dag_id for dag_id, dag in dag_bag.dags.items() if not dag.tags]
    assert untagged == []


def test_every_dag_gives_its_tasks_two_retries_or_more(dag_bag):
    retries = {dag_id: dag.default_args.get("retries", 0) for dag_id, dag in dag_bag.dags.items()}
    assert {dag_id: number for dag_id, number in retries.items() if number < 2} == {}
