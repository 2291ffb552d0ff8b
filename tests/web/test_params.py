"""The models of a pipeline with params: which series is meant, and where a run's model is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from refinery.web.airflow_facts import Output, RunFacts
from refinery.web.run import rendered_prefix
from refinery.web.series import UnfilledParamError, params_of, series_of

PREFIX = "s3://models/{{ params.region }}/{{ params.shift | int }}/{{ params.day or ds }}/{{ ts_nodash }}/"
OUTPUT = Output("upload_model", "", PREFIX, "aws_default", {"shift": -1})


def run(**params):
    moment = datetime(2026, 1, 31, 3, tzinfo=UTC)
    return RunFacts("r", "success", moment, params, (), (OUTPUT,), {})


def test_the_params_of_an_output():
    assert params_of(OUTPUT) == ["region", "shift"]


def test_chosen_params_and_defaults_fill_a_series():
    series = series_of(OUTPUT, {"region": "eu"})
    assert str(series.output) == "s3://models/eu/-1/{{ params.day or ds }}/{{ ts_nodash }}/"


@pytest.mark.parametrize("region", [None, "", "a/b", "../x", "rejected", "replaced"])
def test_what_is_no_folders_name_is_no_choice(region):
    with pytest.raises(UnfilledParamError):
        series_of(OUTPUT, {} if region is None else {"region": region})


@pytest.mark.parametrize(
    ("params", "prefix"),
    [
        ({"region": "eu"}, "s3://models/eu/-1/2026-01-31/20260131T030000/"),
        ({"region": "eu", "shift": 2, "day": "2025-12-01"}, "s3://models/eu/2/2025-12-01/20260131T030000/"),
        ({}, ""),
    ],
)
def test_the_prefix_of_a_run(params, prefix):
    assert rendered_prefix(OUTPUT, run(**params)) == prefix
