"""Four tasks that do nothing: what Airflow itself takes, below which no pipeline can go."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, chain


def nothing():
    """Do nothing."""


with DAG("empty_tasks", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), tags=["benchmark"]):
    names = ("download_dataset", "train_model", "upload_model", "clean_up")
    chain(*(PythonOperator(task_id=name, python_callable=nothing) for name in names))
