"""Changed bounds, held against the models that the last runs left on a real S3 server."""

from __future__ import annotations

import json

import pytest

from refinery.review import Backtest
from refinery.trial import backtest

CONFIG = "source: s3://datasets/x.csv\nmodel: line\noutput: s3://models/replayed/{{ ds }}/\n"


@pytest.fixture
def runs(reviewed):
    """Four promoted models and two rejected ones of s3://models/replayed/."""
    keys = [f"replayed/2026-01-0{day}/manifest.json" for day in range(1, 5)]
    keys += [f"replayed/2026-01-0{day}/rejected/run/manifest.json" for day in (5, 6)]
    for key, r2, rows in zip(
        keys, (0.5, 0.3, 0.6, 0.4, 0.2, 0.45), (100, 90, 120, 130, 140, 150), strict=True
    ):
        manifest = {"metrics": {"r2": r2}, "data": {"rows": rows}}
        reviewed.client.put_object(Bucket="models", Key=key, Body=json.dumps(manifest).encode())
    yield keys
    for key in keys:
        reviewed.client.delete_object(Bucket="models", Key=key)


def replay(reviewed, before, after, client=None):
    plan = reviewed.plan(reviewed.change("churn", CONFIG + before, CONFIG + after))
    return backtest(plan, lambda _url, _connection: client or reviewed.client)


PROMOTED = (0.5, 0.3, 0.6, 0.4)
ROWS = (100.0, 90.0, 120.0, 130.0)


@pytest.mark.parametrize(
    ("before", "after", "replayed"),
    [
        ("", "", []),
        ("", "require: {r2: {min: 0.1}}\n", [("r2 >= 0.1", PROMOTED, (), 2)]),
        (
            "require: {r2: {min: 0.1}}\n",
            "require: {r2: {min: 0.45}}\n",
            [("r2 >= 0.45", PROMOTED, ("2026-01-04", "2026-01-02"), 1)],
        ),
        (
            "require: {r2: {min: 0.45}}\n",
            "require: {r2: {min: 0.45, max: 0.5}}\n",
            [("r2 <= 0.5", PROMOTED, ("2026-01-03",), 2)],
        ),
        (
            "",
            "expect: {rows: {min: 100}}\n",
            [("rows >= 100", ROWS, ("2026-01-02",), 2)],
        ),
        ("", "require: {mae: {max: 3}}\n", [("mae <= 3", (), (), 0)]),
        ("require: {r2: {min: 0.45}}\n", "", []),
        ("", "require: {r2: {no_worse_than_latest: 1%}}\n", []),
    ],
)
def test_what_a_changed_bound_would_have_said(reviewed, runs, before, after, replayed):
    found = replay(reviewed, before, after)
    assert [(one.condition, one.values, one.failing, one.passing) for one in found] == replayed


def test_a_manifest_that_is_garbage_is_left_out(reviewed, runs):
    reviewed.client.put_object(Bucket="models", Key=runs[0], Body=b"{")
    (found,) = replay(reviewed, "", "require: {r2: {min: 0.1}}\n")
    assert found.values == PROMOTED[1:]


def test_a_bucket_that_cannot_be_read_is_reported(reviewed):
    elsewhere = "source: s3://datasets/x.csv\nmodel: line\noutput: s3://no-such-bucket/{{ ds }}/\n"
    change = reviewed.change("churn", elsewhere, elsewhere + "require: {r2: {min: 0.1}}\n")
    (found,) = backtest(reviewed.plan(change), lambda _url, _connection: reviewed.client)
    assert isinstance(found, Backtest)
    assert "no-such-bucket" in (found.problem or "")
