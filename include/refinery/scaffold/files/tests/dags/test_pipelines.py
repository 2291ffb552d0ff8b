"""Check that every config makes a DAG: run `pytest` here, or `astro dev pytest` inside the image."""

from pathlib import Path

from airflow.models import DagBag

DAGS = Path(__file__).resolve().parents[2] / "dags"


def test_every_config_makes_a_dag():
    bag = DagBag(DAGS)
    assert bag.import_errors == {}
    assert bag.dags
