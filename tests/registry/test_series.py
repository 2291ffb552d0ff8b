"""Where a pipeline's models lie, as its output tells."""

from __future__ import annotations

import pytest

from refinery.registry import ModelSeries
from refinery.spec.urls import S3Url


@pytest.mark.parametrize(
    ("output", "latest", "version", "prefix"),
    [
        ("s3://models/churn/{{ ds }}/", "churn/latest.json", "2026-01-31", "churn/2026-01-31/"),
        ("s3://models/churn/{{ds}}", "churn/latest.json", "2026-01-31", "churn/2026-01-31/"),
        ("s3://models/{{ ds }}/", "latest.json", "2026-01-31", "2026-01-31/"),
        ("s3://models/{{ ds }}/churn/", "latest.churn.json", "2026-01-31", "2026-01-31/churn/"),
        ("s3://models/a/churn-{{ ds }}/", "a/latest.churn.json", "2026-01-31", "a/churn-2026-01-31/"),
        ("s3://models/a/date={{ ds }}/", "a/latest.date.json", "2026-01-31", "a/date=2026-01-31/"),
        (
            "s3://models/a/{{ ds_nodash }}/{{ run_id }}/",
            "a/latest.json",
            "20260131/manual__x",
            "a/20260131/manual__x/",
        ),
        ("s3://models/a/{{ ts_nodash }}/", "a/latest.json", "20260131T120000", "a/20260131T120000/"),
        ("s3://models/only/", "only/latest.json", "current", "only/"),
    ],
)
def test_a_version_is_what_is_for_the_templates(output, latest, version, prefix):
    series = ModelSeries.of_output(output)
    assert series.latest_url == S3Url("models", latest)
    assert series.prefix_of(version) == S3Url("models", prefix)
    assert series.version_of(S3Url("models", prefix)) == version
    assert prefix.startswith(series.root.key)


@pytest.mark.parametrize("version", ["", "..", "2026-1-31", "2026-01-31/x", "2026-01-31/", "current", "x"])
def test_other_names_are_no_versions(version):
    assert ModelSeries.of_output("s3://models/churn/{{ ds }}/").prefix_of(version) is None


@pytest.mark.parametrize("key", ["churn/", "churn/x/", "churn/2026-01-31/rejected/run/", "wine/2026-01-31/"])
def test_other_prefixes_are_no_models_of_it(key):
    assert ModelSeries.of_output("s3://models/churn/{{ ds }}/").version_of(S3Url("models", key)) is None
    assert (
        ModelSeries.of_output("s3://models/churn/{{ ds }}/").version_of(S3Url("others", "churn/2026-01-31/"))
        is None
    )
