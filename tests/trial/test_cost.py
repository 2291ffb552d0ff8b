"""What changed schedules cost, by the runs that are on a real S3 server."""

from __future__ import annotations

import json

import pytest

from refinery.review import Cost
from refinery.trial import find_costs

CONFIG = "source: s3://datasets/x.csv\nmodel: line\noutput: s3://models/costly/{{ ds }}/\n"
GIB = 1 << 30


@pytest.fixture
def runs(reviewed):
    """Three models: one of a former version, which says only how long it took."""
    took = [
        {"duration_seconds": 60},
        {"duration_seconds": 9, "usage": {"cpu_seconds": 120.0, "peak_memory_bytes": GIB}},
        {"usage": {"cpu_seconds": 180.0, "peak_memory_bytes": 2 * GIB}},
    ]
    keys = [f"costly/2026-01-0{day}/manifest.json" for day in range(1, 4)]
    for key, manifest in zip(keys, took, strict=True):
        reviewed.client.put_object(Bucket="models", Key=key, Body=json.dumps(manifest).encode())
    yield
    for key in keys:
        reviewed.client.delete_object(Bucket="models", Key=key)


def costs(reviewed, before, after):
    change = reviewed.change("churn", before and CONFIG + before, CONFIG + after)
    return find_costs(reviewed.plan(change), lambda _url, _connection: reviewed.client, reviewed.cache)


def test_more_trainings_cost_more(reviewed, runs):
    (found,) = costs(reviewed, 'schedule: "@monthly"\n', 'schedule: "@daily"\n')
    assert found == Cost("churn", found.before, pytest.approx(365 / 12), 3, 120.0, 2 * GIB)
    assert found.before == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("schedule: '@daily'\n", "schedule: '@daily'\nretries: 9\n"),
        ("schedule: '0 3 * * *'\n", "schedule: '0 5 * * *'\n"),
    ],
)
def test_as_many_trainings_cost_the_same(reviewed, runs, before, after):
    assert costs(reviewed, before, after) == ()


def test_a_new_pipeline_has_nothing_measured(reviewed):
    (found,) = costs(reviewed, None, "schedule: {every: 6h}\n")
    assert (found.before, found.after, found.measured, found.cpu_seconds) == (
        0.0,
        pytest.approx(4 * 365 / 12),
        0,
        None,
    )


def test_one_that_waits_for_a_dataset_has_no_number(reviewed, runs):
    (found,) = costs(reviewed, "schedule: '@daily'\n", "schedule: {assets: [s3://abc/b/]}\n")
    assert (found.after, found.cpu_seconds) == (None, 120.0)
