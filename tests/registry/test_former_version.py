"""Models and latest.json as Refinery wrote them before it kept replaced models are read, compared, promoted and cleaned."""

from __future__ import annotations

from pathlib import Path

import pytest

from refinery.registry import (
    compare,
    delete_old_models,
    find_manifest,
    list_versions,
    load_version,
    promote,
    read_latest,
    rollback,
)

KEPT = Path(__file__).parent / "former_version"


@pytest.fixture
def former(client):
    """Put what it wrote: three models, of which the last is the latest by a rollback from the first."""
    for path in KEPT.rglob("*.*"):
        client.put_object(Bucket="models", Key=path.relative_to(KEPT).as_posix(), Body=path.read_bytes())
    return client


def test_they_are_listed_and_loaded(former, series):
    versions = list_versions(series, client=former)
    assert [version.name for version in versions] == ["2026-01-31", "2026-01-30", "2026-01-29"]
    latest = load_version(series, client=former, allow_other_versions=True)
    assert (latest.location, latest.estimator.alpha) == ("s3://models/churn/2026-01-31/", 3)


def test_their_history_is_read(former, series):
    promotions = read_latest(series, client=former).promotions
    assert [entry.action for entry in promotions] == ["rollback", "promote", "upload", "upload", "upload"]
    rollback(series, by="ann", client=former)
    assert read_latest(series, client=former).prefix == "s3://models/churn/2026-01-30/"


def test_they_are_compared_and_promoted(former, series):
    first, second = (
        find_manifest(series, day, client=former).content for day in ("2026-01-29", "2026-01-31")
    )
    (alpha,) = compare(first, second).sections["params"]
    assert (alpha.first, alpha.second) == (1, 3)
    assert promote(series, "2026-01-30", by="ann", client=former).promoted


def test_they_are_cleaned_by_the_name_of_their_pipeline(former, series):
    former.delete_object(Bucket="models", Key="churn/latest.json")
    assert delete_old_models(series, pipeline="wine", keep=1, client=former).deleted == ()
    plan = delete_old_models(series, pipeline="churn", keep=1, client=former)
    assert [version.name for version in plan.deleted] == ["2026-01-30", "2026-01-29"]
