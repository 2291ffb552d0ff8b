"""Old models are deleted, and none that anyone may want back."""

from __future__ import annotations

import pytest

from include.registry import delete_old_models, list_versions, promote, promote_if_newer
from include.registry.errors import DamagedPointerError

DAYS = [f"2026-01-{day:02}" for day in range(1, 11)]


@pytest.fixture
def names(client, series):
    return lambda: [version.name for version in list_versions(series, client=client)]


@pytest.fixture
def models(client, put_model):
    """Ten models, of which none was promoted."""
    for day in DAYS:
        put_model(client, day)


def test_the_newest_stay(client, series, models, names):
    plan = delete_old_models(series, keep=3, client=client)
    assert names() == ["2026-01-10", "2026-01-09", "2026-01-08"]
    assert [version.name for version in plan.deleted] == DAYS[6::-1]
    assert plan.freed_bytes == sum(version.size for version in plan.deleted) > 0
    assert client.list_objects_v2(Bucket="models")["KeyCount"] == 6


def test_a_dry_run_deletes_nothing(client, series, models, names):
    plan = delete_old_models(series, keep=3, client=client, dry_run=True)
    assert len(plan.deleted) == 7
    assert names() == DAYS[::-1]


def test_the_latest_and_what_was_promoted_stay(client, series, models, names):
    promote_if_newer(series, series.prefix_of("2026-01-01"), by="run", client=client)
    promote(series, "2026-01-04", by="ann", client=client)
    promote(series, "2026-01-02", by="ann", client=client)

    plan = delete_old_models(series, keep=1, client=client)

    assert names() == ["2026-01-10", "2026-01-04", "2026-01-02", "2026-01-01"]
    assert [(version.name, reason) for version, reason in plan.kept] == [
        ("2026-01-10", "new"),
        ("2026-01-04", "promoted"),
        ("2026-01-02", "latest"),
        ("2026-01-01", "promoted"),
    ]


def test_reports_of_rejected_runs_go_with_the_model_and_nothing_else_is_touched(
    client, series, models, put_model
):
    others = [
        "churn/latest.churn.json",
        "churn/notes.txt",
        "churn/2026-01-01/us/manifest.json",
        "churn/2026-01-01/us/model.pkl",
        "churning/2026-01-01/manifest.json",
    ]
    for key in others:
        client.put_object(Bucket="models", Key=key, Body=b"{}")
    for name in ("card.html", "manifest.json"):
        client.put_object(Bucket="models", Key=f"churn/2026-01-01/rejected/x/{name}", Body=b"x")
    delete_old_models(series, keep=1, client=client)
    left = {item["Key"] for item in client.list_objects_v2(Bucket="models")["Contents"]}
    assert left == {*others, "churn/2026-01-10/manifest.json", "churn/2026-01-10/model.pkl"}


def test_nothing_is_deleted_while_it_is_not_known_what_is_promoted(client, series, models, names):
    client.put_object(Bucket="models", Key="churn/latest.json", Body=b"{")
    with pytest.raises(DamagedPointerError):
        delete_old_models(series, keep=1, client=client)
    assert names() == DAYS[::-1]


@pytest.mark.parametrize("keep", [0, -1])
def test_one_model_stays_at_least(client, series, models, names, keep):
    with pytest.raises(ValueError, match="at least 1"):
        delete_old_models(series, keep=keep, client=client)
    assert names() == DAYS[::-1]
