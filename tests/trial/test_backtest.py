"""Changed gates and rules of a contract, held against what the last runs left on a real S3 server."""

from __future__ import annotations

import json

import pytest

from refinery.review import Backtest
from refinery.trial import backtest

CONFIG = "source: s3://datasets/x.csv\nmodel: line\noutput: s3://models/{name}/{{{{ ds }}}}/\n"


def leave_runs(client, name, manifests):
    """Put the manifests of four promoted models, then those of rejected ones, of s3://models/NAME/."""
    keys = [f"{name}/2026-01-0{day}/manifest.json" for day in range(1, 5)]
    keys += [f"{name}/2026-01-0{day}/rejected/run/manifest.json" for day in (5, 6)]
    for key, manifest in zip(keys, manifests, strict=True):
        client.put_object(Bucket="models", Key=key, Body=json.dumps(manifest).encode())
    return keys


MEASURED = [{"metrics": {"r2": r2}} for r2 in (0.5, 0.3, 0.6, 0.4, 0.2, 0.45)]


@pytest.fixture(scope="module")
def replayed_runs(s3_client):
    leave_runs(s3_client, "replayed", MEASURED)


def replay(reviewed, before, after, name="replayed"):
    config = CONFIG.format(name=name)
    plan = reviewed.plan(reviewed.change("churn", config + before, config + after))
    return backtest(plan, lambda _url, _connection: reviewed.client, reviewed.cache)


PROMOTED = (0.5, 0.3, 0.6, 0.4)


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
        ("", "require: {mae: {max: 3}}\n", [("mae <= 3", (), (), 0)]),
        ("require: {r2: {min: 0.45}}\n", "", []),
        ("", "require: {r2: {no_worse_than_latest: 1%}}\n", []),
    ],
)
def test_what_a_changed_bound_would_have_said(reviewed, replayed_runs, before, after, replayed):
    found = replay(reviewed, before, after)
    assert [(one.condition, one.values, one.failing, one.passing) for one in found] == replayed


ROWS = (100, 90, 120, 130, 140, 150)
AGES = (20.0, 16.0, 30.0, 40.0)


def profiled(rows, youngest):
    """Return the manifest of a dataset of ages and cities."""
    columns = [
        {"name": "age", "dtype": "int64", "nulls": rows // 10, "minimum": youngest, "maximum": 90.0},
        {"name": "city", "dtype": "str", "nulls": 0, "distinct": 1, "top": [{"value": "Rome", "share": 1.0}]},
    ]
    data = {"rows": rows, "target": {"name": "age"}, "features": [{"name": "city"}], "left_out": {"id": ""}}
    profile = {"rows": rows, "total_rows": rows, "counted_rows": rows, "columns": columns}
    return {"data": data, "profile": profile}


@pytest.fixture(scope="module")
def profiled_runs(s3_client):
    """Runs of which the last two are of former versions, which recorded no columns."""
    known = [profiled(rows, youngest) for rows, youngest in zip(ROWS, AGES, strict=False)]
    leave_runs(s3_client, "profiled", [*known, *({"data": {"rows": rows}} for rows in ROWS[4:])])


def columns(rules):
    return f"expect: {{columns: {rules}}}\n"


@pytest.mark.parametrize(
    ("before", "after", "replayed"),
    [
        ("", "expect: {rows: {min: 100}}\n", [("rows >= 100", ROWS, ("2026-01-02",), 0)]),
        ("", columns("{age: {min: 18}}"), [("columns.age.min: 18", AGES, ("2026-01-02",), 2)]),
        (
            columns("{age: {min: 0, max: 50}}"),
            columns("{age: {min: 0, max: 80, nulls: 0.2}}"),
            [
                (
                    "columns.age.max: 80",
                    (90.0,) * 4,
                    ("2026-01-04", "2026-01-03", "2026-01-02", "2026-01-01"),
                    2,
                ),
                ("columns.age.nulls: 0.2", (0.1,) * 4, (), 2),
            ],
        ),
        (
            columns("{city: {type: text}}"),
            columns("{city: {type: text, values: [Paris, Rome]}}"),
            [("columns.city.values: [Paris, Rome]", (), (), 2)],
        ),
        (
            "",
            columns("{Age: {}}"),
            [("columns.Age", (), ("2026-01-04", "2026-01-03", "2026-01-02", "2026-01-01"), 2)],
        ),
        (
            columns("{age: {}, city: {}}"),
            "expect: {columns: {age: {}, city: {}}, other_columns: false}\n",
            [("other_columns: false", (), ("2026-01-04", "2026-01-03", "2026-01-02", "2026-01-01"), 2)],
        ),
        ("", columns("{id: {unique: true}}"), [("columns.id.unique: true", (), (), 6)]),
        (
            "",
            columns(
                "{age: {type: integer, min: 18, max: 99, nulls: 0.3}, city: {type: text, values: [Rome]}}"
            ),
            [("columns.age.min: 18", AGES, ("2026-01-02",), 2), ("5 rules of expect", (), (), 2)],
        ),
        (columns("{age: {min: 18}}"), "", []),
        (columns("{age: {type: number, min: 18}}"), columns("{age: {min: 18}}"), []),
    ],
)
def test_what_a_changed_rule_would_have_said_of_the_datasets(
    reviewed, profiled_runs, before, after, replayed
):
    found = replay(reviewed, before, after, "profiled")
    assert [(one.condition, one.values, one.failing, one.undecided) for one in found] == replayed
    assert {one.datasets for one in found} <= {6}


def test_a_manifest_is_read_once(reviewed):
    keys = leave_runs(reviewed.client, "reread", MEASURED)
    gate = "require: {r2: {min: 0.1}}\n"
    read = []
    reviewed.client.meta.events.register("before-call.s3.GetObject", lambda **_: read.append(1))
    first = replay(reviewed, "", gate, "reread")
    assert len(read) == len(keys)
    assert replay(reviewed, "", gate, "reread") == first
    assert len(read) == len(keys)

    reviewed.client.put_object(Bucket="models", Key=keys[0], Body=b'{"metrics": {"r2": 0.0}}')
    (found,) = replay(reviewed, "", gate, "reread")
    assert found.failing == ("2026-01-01",)
    assert len(read) == len(keys) + 1


def test_a_manifest_that_is_garbage_is_left_out(reviewed):
    keys = leave_runs(reviewed.client, "damaged", MEASURED)
    reviewed.client.put_object(Bucket="models", Key=keys[0], Body=b"{")
    (found,) = replay(reviewed, "", "require: {r2: {min: 0.1}}\n", "damaged")
    assert found.values == PROMOTED[1:]


def test_a_bucket_that_cannot_be_read_is_reported(reviewed):
    elsewhere = "source: s3://datasets/x.csv\nmodel: line\noutput: s3://no-such-bucket/{{ ds }}/\n"
    change = reviewed.change("churn", elsewhere, elsewhere + "require: {r2: {min: 0.1}}\n")
    (found,) = backtest(reviewed.plan(change), lambda _url, _connection: reviewed.client, reviewed.cache)
    assert isinstance(found, Backtest)
    assert "no-such-bucket" in (found.problem or "")
