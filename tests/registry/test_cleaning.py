"""Old models are deleted, and none that anyone may want back."""

from __future__ import annotations

import contextlib
import hashlib
import json

import pytest

from refinery.errors import RefineryError
from refinery.registry import (
    ModelSeries,
    delete_old_models,
    list_versions,
    promote,
    read_latest,
    rollback,
)
from refinery.registry.errors import DamagedPointerError
from refinery.storage import LeaseTerms, upload_model
from refinery.storage.errors import PrefixBusyError

DAYS = [f"2026-01-{day:02}" for day in range(1, 11)]
both_servers = pytest.mark.parametrize("client", ["nanio", "moto"], indirect=True)


@pytest.fixture
def names(client, series):
    return lambda: [version.name for version in list_versions(series, client=client)]


@pytest.fixture
def models(client, put_model):
    """Ten models, of which none was promoted."""
    for day in DAYS:
        put_model(client, day)


@both_servers
def test_the_newest_stay(client, series, models, names):
    plan = delete_old_models(series, pipeline="churn", keep=3, client=client)
    assert names() == ["2026-01-10", "2026-01-09", "2026-01-08"]
    assert [version.name for version in plan.deleted] == DAYS[6::-1]
    assert plan.freed_bytes == sum(version.size for version in plan.deleted) > 0
    assert client.list_objects_v2(Bucket="models")["KeyCount"] == 6


def test_a_dry_run_deletes_nothing(client, series, models, names):
    plan = delete_old_models(series, pipeline="churn", keep=3, client=client, dry_run=True)
    assert len(plan.deleted) == 7
    assert names() == DAYS[::-1]


def test_the_latest_and_what_was_promoted_stay(client, series, models, names):
    promote(series, "2026-01-01", by="ann", client=client)
    promote(series, "2026-01-04", by="ann", client=client)
    promote(series, "2026-01-02", by="ann", client=client)

    plan = delete_old_models(series, pipeline="churn", keep=1, client=client)

    assert names() == ["2026-01-10", "2026-01-04", "2026-01-02", "2026-01-01"]
    assert [(version.name, reason) for version, reason in plan.kept] == [
        ("2026-01-10", "new"),
        ("2026-01-04", "promoted"),
        ("2026-01-02", "latest"),
        ("2026-01-01", "promoted"),
    ]


@both_servers
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
    delete_old_models(series, pipeline="churn", keep=1, client=client)
    left = {item["Key"] for item in client.list_objects_v2(Bucket="models")["Contents"]}
    assert left == {*others, "churn/2026-01-10/manifest.json", "churn/2026-01-10/model.pkl"}


def test_nothing_is_deleted_while_it_is_not_known_what_is_promoted(client, series, models, names):
    client.put_object(Bucket="models", Key="churn/latest.json", Body=b"{")
    with pytest.raises(DamagedPointerError):
        delete_old_models(series, pipeline="churn", keep=1, client=client)
    assert names() == DAYS[::-1]


@pytest.mark.parametrize("keep", [0, -1])
def test_one_model_stays_at_least(client, series, models, names, keep):
    with pytest.raises(ValueError, match="at least 1"):
        delete_old_models(series, pipeline="churn", keep=keep, client=client)
    assert names() == DAYS[::-1]


FREE = ModelSeries.of_output("s3://models/{{ run_id }}/{{ ds }}/")


def provenance(name, *former):
    return {"provenance": {"pipeline": {"name": name, "former_names": list(former)}}}


class TestOtherPipelines:
    """An output that begins with a template finds the models of its neighbors too."""

    def test_their_models_stay(self, client, series, models, put_model, names):
        for run in ("a", "b"):
            put_model(client, f"{run}/2026-01-31", of=FREE, **provenance("free"))
        plan = delete_old_models(FREE, pipeline="free", keep=1, client=client)
        assert len(plan.deleted) == len(plan.kept) == 1
        assert {name for _, name in plan.foreign} == {"churn"}
        assert len(plan.foreign) == 10
        assert names() == DAYS[::-1]

    def test_those_without_a_name_stay_where_they_may_be_others(self, client, series, put_model):
        for day in DAYS:
            put_model(client, day, provenance={})
        put_model(client, "a/2026-02-01", of=FREE, **provenance("free"))
        assert delete_old_models(FREE, pipeline="free", keep=1, client=client).deleted == ()
        assert len(delete_old_models(series, pipeline="churn", keep=1, client=client).deleted) == 9

    def test_those_of_a_former_name_are_its_own(self, client, put_model):
        put_model(client, "a/2026-01-01", of=FREE, **provenance("old"))
        put_model(client, "b/2026-01-02", of=FREE, **provenance("older"))
        put_model(client, "c/2026-01-03", of=FREE, **provenance("other"))
        put_model(client, "d/2026-01-04", of=FREE, **provenance("new", "older", "old"))
        plan = delete_old_models(FREE, pipeline="new", keep=1, client=client)
        assert len(plan.deleted) == 2
        assert list_versions(FREE, client=client)
        assert [name for _, name in plan.foreign] == ["other"]


def interleave(client, first, between, number):
    """Run one function, and another just before its request of a number; return whether it made that many."""
    count, started = 0, False

    def before(**_):
        nonlocal count, started
        if started:
            return
        if count == number:
            started = True
            between()
        count += 1

    client.meta.events.register("before-send.s3", before)
    try:
        first()
    finally:
        client.meta.events.unregister("before-send.s3", before)
    return started


def is_whole(client, prefix):
    keys = {
        item["Key"] for item in client.list_objects_v2(Bucket="models", Prefix=prefix.key).get("Contents", [])
    }
    return {f"{prefix.key}manifest.json", f"{prefix.key}model.pkl"} <= keys


def by_promotion(series, client):
    promote(series, "2026-01-01", by="ann", client=client)


def by_rollback(series, client):
    rollback(series, by="ann", client=client)


@pytest.mark.parametrize("act", [by_promotion, by_rollback])
@pytest.mark.parametrize("gc_comes_between", [False, True], ids=["within gc", "gc within it"])
def test_gc_and_a_promotion_at_any_moment_of_each_other_leave_a_latest_that_is_there(
    client, series, put_model, *, act, gc_comes_between
):
    """The one that comes between is done whole, at each request of the other."""

    def clean():
        delete_old_models(series, pipeline="churn", keep=1, client=client)

    def choose():
        with contextlib.suppress(RefineryError):
            act(series, client)

    first, between = (choose, clean) if gc_comes_between else (clean, choose)
    outcomes = set()
    number, reached = 0, True
    while reached:
        client.delete_object(Bucket="models", Key="churn/latest.json")
        for day in DAYS[:3]:
            put_model(client, day)
        if act is by_rollback:
            promote(series, "2026-01-01", by="x", client=client)
        promote(series, "2026-01-03", by="x", client=client)
        reached = interleave(client, first, between, number)
        number += 1
        latest = read_latest(series, client=client)
        assert is_whole(client, latest.url)
        outcomes.add(latest.prefix)
    assert "s3://models/churn/2026-01-01/" in outcomes


def test_gc_and_a_rerun_at_any_moment_of_each_other_leave_whole_models(client, series, put_model, tmp_path):
    """A rerun meets the lease and is tried again."""
    prefix = series.prefix_of("2026-01-01")
    content = b"another model"
    facts = {"model.pkl": {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
    (tmp_path / "model.pkl").write_bytes(content)
    (tmp_path / "manifest.json").write_text(
        json.dumps({"files": facts, **provenance("churn"), "created_at": "2026-01-01"})
    )
    finished = 0

    def rerun():
        nonlocal finished
        with contextlib.suppress(PrefixBusyError):
            upload_model(tmp_path, prefix, client=client, terms=LeaseTerms(timeout=0))
            finished += 1

    def clean():
        delete_old_models(series, pipeline="churn", keep=1, client=client)

    for first, between in ((clean, rerun), (rerun, clean)):
        number, reached, finished = 0, True, 0
        while reached:
            for key in [item["Key"] for item in client.list_objects_v2(Bucket="models").get("Contents", [])]:
                client.delete_object(Bucket="models", Key=key)
            for day in DAYS[:2]:
                put_model(client, day)
            promote(series, "2026-01-02", by="x", client=client)
            done = finished
            reached = interleave(client, first, between, number)
            number += 1
            for version in list_versions(series, client=client):
                assert is_whole(client, version.prefix), version.name
            if finished > done and first is rerun:
                assert (
                    client.get_object(Bucket="models", Key=f"{prefix.key}model.pkl")["Body"].read() == content
                )
        assert finished
