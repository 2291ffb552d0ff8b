"""Waiting for the dataset: not at all if it exists, otherwise in the triggerer."""

from __future__ import annotations

import jinja2
import pytest
from airflow.sdk.exceptions import TaskDeferred

from refinery.errors import RefineryError
from refinery.operators.wait import WaitForDatasetSensor

PETROL = "https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv"


@pytest.mark.parametrize("url", [PETROL, "s3://datasets/wine_cultivar.csv", "s3://datasets/wine*"])
def test_a_dataset_that_is_there_is_not_waited_for(s3, context, url):
    sensor = WaitForDatasetSensor(task_id="wait_for_dataset", source=[url], timeout=60, poke_interval=5)
    sensor.execute(context)


def test_a_dataset_that_is_not_there_is_waited_for_without_a_worker(s3, context):
    urls = ["s3://datasets/wine_cultivar.csv", "s3://datasets/tomorrow.csv"]
    sensor = WaitForDatasetSensor(task_id="wait_for_dataset", source=urls, timeout=60, poke_interval=5)
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context)
    assert deferred.value.trigger.bucket_key == urls


def test_a_connection_that_cannot_be_used_is_reported(context, monkeypatch):
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS_BAD", "aws://?endpoint_url=http%3A%2F%2Fuser%3Ap4ssw0rd%40127.0.0.1%3A9"
    )
    sensor = WaitForDatasetSensor(
        task_id="wait_for_dataset", source=[PETROL], aws_conn_id="aws_bad", timeout=60, poke_interval=5
    )
    with pytest.raises(RefineryError, match="contains a user name or password"):
        sensor.execute(context)


def test_the_runs_date_is_filled_in(context):
    sensor = WaitForDatasetSensor(
        task_id="wait_for_dataset", source=["s3://datasets/{{ ds }}.csv"], timeout=60, poke_interval=5
    )
    sensor.render_template_fields(context, jinja2.Environment(autoescape=False))
    assert sensor.source == ["s3://datasets/2026-01-31.csv"]
