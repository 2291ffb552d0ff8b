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


MODEL = "model: {class: sklearn.linear_model.Ridge"
PAIR = "model: {candidates: [{class: sklearn.linear_model.Ridge}, {class: sklearn.linear_model.Lasso}]}\n"
SEARCHED = f"{MODEL}, search: {{alpha: 1..9}}}}\n"


def searches(reviewed, before, after):
    rest = "source: s3://datasets/x.csv\noutput: s3://models/costly/{{ ds }}/\nschedule: '@daily'\n"
    change = reviewed.change("churn", rest + before, rest + after)
    return find_costs(reviewed.plan(change), lambda _url, _connection: reviewed.client, reviewed.cache)


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        (f"{MODEL}}}\n", f"{SEARCHED}search: {{trials: 60}}\n", (1, 301)),
        (SEARCHED, f"{SEARCHED}search: {{folds: 2}}\n", (251, 101)),
        (
            f"{MODEL}}}\n",
            f"{PAIR}evaluate: {{cross_validation: 4}}\n",
            (1, 15),
        ),
    ],
)
def test_a_search_costs_its_trials_in_each_fold(reviewed, runs, before, after, fits):
    (found,) = searches(reviewed, before, after)
    assert (found.fits_before, found.fits_after) == fits
    assert (found.cpu_seconds, found.cpu_seconds_after) == (120.0, 120.0 * fits[1])


def test_a_run_that_searched_tells_what_one_fit_takes(reviewed):
    search = {"trials": {"done": 20, "pruned": 10, "failed": 0, "stopped": 0}, "folds": 4}
    manifest = {"usage": {"cpu_seconds": 202.0}, "search": search}
    key = "costly/2026-01-01/manifest.json"
    reviewed.client.put_object(Bucket="models", Key=key, Body=json.dumps(manifest).encode())
    (found,) = searches(reviewed, SEARCHED, f"{SEARCHED}search: {{trials: 10, folds: 5}}\n")
    reviewed.client.delete_object(Bucket="models", Key=key)
    assert found.cpu_seconds == 202.0
    assert found.cpu_seconds_after == pytest.approx(2.0 * 51)
