"""Which model is the latest: the newest promoted one, even with simultaneous writers."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from refinery.registry import ModelSeries, promote, promote_if_newer, read_latest, rollback
from refinery.registry.errors import (
    DamagedPointerError,
    ModelNotFoundError,
    PromotedModelGoneError,
    RegistryError,
)
from refinery.storage import RetryPolicy
from refinery.storage.errors import WriteConflictError
from tests.effort import effort

DAYS = [f"2026-01-{day:02}" for day in range(1, 6)]
both_servers = pytest.mark.parametrize("client", ["nanio", "moto"], indirect=True)


@pytest.fixture
def upload(client, series, put_model):
    """Put a model of a date and promote it, as the last step of a run does."""

    def upload(day: str, **changes):
        return promote_if_newer(series, put_model(client, day, **changes), by=f"run of {day}", client=client)

    return upload


@pytest.fixture
def dates(client, series):
    """Give the date of the latest model, then those of the history."""

    def dates() -> list[str]:
        latest = read_latest(series, client=client)
        return [f"{entry.date:%Y-%m-%d}" for entry in latest.promotions]

    return dates


@both_servers
def test_the_first_model_ever_becomes_the_latest(client, series, upload):
    assert read_latest(series, client=client) is None

    result = upload("2026-01-31")

    assert result.promoted
    assert str(result) == "s3://models/churn/2026-01-31/ is now the latest model."
    stored = json.loads(client.get_object(Bucket="models", Key="churn/latest.json")["Body"].read())
    assert stored.pop("promoted_at")
    assert len(stored.pop("manifest_sha256")) == 64
    assert stored == {
        "prefix": "s3://models/churn/2026-01-31/",
        "date": "2026-01-31T00:00:00Z",
        "run_id": "scheduled__2026-01-31",
        "metrics": {"r2": 0.5},
        "gate": None,
        "promoted_by": "run of 2026-01-31",
        "action": "upload",
        "reason": None,
        "newest_date": "2026-01-31T00:00:00Z",
        "history": [],
    }


@both_servers
def test_a_newer_model_becomes_the_latest_and_the_former_goes_into_the_history(upload, dates):
    for day in DAYS[:3]:
        assert upload(day).promoted
    assert dates() == ["2026-01-03", "2026-01-02", "2026-01-01"]


def test_a_backfill_of_older_dates_leaves_it_alone(upload, dates):
    upload("2026-01-31")
    for day in DAYS:
        result = upload(day)
        assert not result.promoted
        assert str(result) == "s3://models/churn/2026-01-31/ stays the latest model."
    assert dates() == ["2026-01-31"]


def test_a_backfill_leaves_a_model_alone_that_was_rolled_back_to(client, series, upload, dates):
    upload("2026-01-10")
    upload("2026-01-20")
    rollback(series, by="ann", client=client)

    assert not upload("2026-01-15").promoted
    assert upload("2026-01-21").promoted
    assert dates()[:2] == ["2026-01-21", "2026-01-10"]


def test_a_rerun_of_the_latest_run_is_promoted_with_its_new_manifest(client, series, upload):
    first = upload("2026-01-31").latest
    rerun = upload("2026-01-31", metrics={"r2": 0.9}).latest
    assert rerun.metrics == {"r2": 0.9}
    assert rerun.manifest_sha256 != first.manifest_sha256
    assert read_latest(series, client=client) == rerun


def test_of_two_runs_of_one_date_the_later_becomes_the_latest(client, put_model):
    runs = ModelSeries.of_output("s3://models/churn/{{ run_id }}/")
    for run_id in ("scheduled", "manual"):
        run = {"dag_id": "churn", "run_id": run_id, "logical_date": "2026-01-31T00:00:00+00:00"}
        model = put_model(client, run_id, of=runs, provenance={"run": run})
        assert promote_if_newer(runs, model, by=run_id, client=client).promoted


def test_a_rerun_of_a_model_that_was_rolled_back_to_is_promoted_too(client, series, upload):
    upload("2026-01-10")
    upload("2026-01-20")
    rollback(series, by="ann", client=client)
    assert upload("2026-01-10", metrics={"r2": 0.9}).promoted


@both_servers
def test_promoting_twice_changes_nothing(client, series, upload, put_model, dates):
    """As when the answer to the first write was lost."""
    upload("2026-01-31")
    assert not upload("2026-01-31").promoted
    assert dates() == ["2026-01-31"]


def test_a_run_without_a_logical_date_counts_from_when_it_was_due(upload, dates):
    run = {"run_id": "manual__x", "logical_date": None, "run_after": "2026-03-05T10:00:00+00:00"}
    assert upload("2026-02-01", provenance={"run": run}).promoted
    assert dates() == ["2026-03-05"]
    assert not upload("2026-03-04").promoted


def test_a_model_that_was_trained_by_hand_counts_from_when_it_was_made(upload, dates):
    assert upload("2026-02-01", provenance={}, created_at="2026-03-05T10:00:00+00:00").promoted
    assert dates() == ["2026-03-05"]


@pytest.mark.parametrize("created_at", [None, "yesterday"])
def test_a_manifest_without_a_date_is_not_promoted(upload, created_at):
    with pytest.raises(ModelNotFoundError, match=r"its manifest\.json does not name a date"):
        upload("2026-02-01", provenance={}, created_at=created_at)


def test_a_prefix_without_a_manifest_is_not_promoted(client, series):
    with pytest.raises(ModelNotFoundError, match=r"there is no manifest\.json"):
        promote_if_newer(series, series.prefix_of("2026-01-31"), by="x", client=client)
    assert read_latest(series, client=client) is None


class TestWithoutLatest:
    """Where latest.json was deleted, or is not there yet."""

    def test_an_old_backfill_does_not_become_the_latest(self, client, series, upload):
        upload("2026-01-31")
        client.delete_object(Bucket="models", Key="churn/latest.json")
        result = upload("2026-01-01")
        assert not result.promoted
        assert "s3://models/churn/2026-01-31/ is newer than this model" in str(result)
        assert "refinery promote NAME DATE" in str(result)
        assert read_latest(series, client=client) is None

    def test_the_newest_run_becomes_it_again(self, client, upload, dates):
        upload("2026-01-30")
        upload("2026-01-31")
        client.delete_object(Bucket="models", Key="churn/latest.json")
        assert upload("2026-01-31", metrics={"r2": 0.9}).promoted
        assert dates() == ["2026-01-31"]

    def test_a_newer_model_of_another_pipeline_does_not_count(self, client, series, upload, put_model):
        run = {"run": {"dag_id": "wine", "logical_date": "2026-02-01T00:00:00+00:00"}}
        put_model(client, "2026-02-01", provenance=run)
        assert upload("2026-01-31").promoted


class TestPromotedWhatIsThere:
    """Files are looked at before, the manifest again after."""

    def test_a_model_that_lost_a_file_is_not_promoted(self, client, series, upload, dates):
        upload("2026-01-30")
        upload("2026-01-31")
        client.delete_object(Bucket="models", Key="churn/2026-01-30/model.pkl")
        with pytest.raises(ModelNotFoundError, match=r"lists model\.pkl, which is not there"):
            promote(series, "2026-01-30", by="ann", client=client)
        client.put_object(Bucket="models", Key="churn/2026-01-30/model.pkl", Body=b"short")
        with pytest.raises(ModelNotFoundError, match=r"model\.pkl has 5 bytes, and its manifest says 7"):
            rollback(series, by="ann", client=client)
        assert dates() == ["2026-01-31", "2026-01-30"]

    @pytest.mark.parametrize("others", [0, 1])
    def test_one_that_is_deleted_meanwhile_is_taken_back(self, client, series, put_model, others):
        for day in DAYS[:others]:
            promote_if_newer(series, put_model(client, day), by="x", client=client)
        before = read_latest(series, client=client)
        prefix = put_model(client, "2026-01-31")

        def delete(**_):
            client.delete_object(Bucket="models", Key=f"{prefix.key}manifest.json")

        client.meta.events.register("before-call.s3.PutObject", delete)
        try:
            with pytest.raises(PromotedModelGoneError):
                promote(series, "2026-01-31", by="ann", client=client)
        finally:
            client.meta.events.unregister("before-call.s3.PutObject", delete)
        assert read_latest(series, client=client) == before


class TestRacing:
    """Runs that end at once, on a server with conditional writes."""

    def test_two_runs_at_once_lose_none(self, client, series, put_model):
        first = date(2026, 1, 1)
        barrier = threading.Barrier(2)

        def run(day: int) -> bool:
            prefix = put_model(client, str(first + timedelta(days=day)))
            barrier.wait()
            return promote_if_newer(series, prefix, by=f"run {day}", client=client).promoted

        with ThreadPoolExecutor(2) as pool:
            for race in range(effort(20, 100)):
                # The newer and the older run take turns in starting first.
                days = (2 * race + 1, 2 * race) if race % 2 else (2 * race, 2 * race + 1)
                promoted = dict(zip(days, pool.map(run, days), strict=True))
                newer, older = max(days), min(days)
                latest = read_latest(series, client=client)
                assert promoted[newer]
                assert latest.promoted_by == f"run {newer}"
                # An older run that was told that it was promoted is in the history; one that came later is not.
                assert (f"run {older}" in [entry.promoted_by for entry in latest.history]) == promoted[older]

    def test_ten_first_models_at_once_lose_none(self, client, series, put_model):
        prefixes = [put_model(client, f"2026-01-{day:02}") for day in range(1, 11)]
        barrier = threading.Barrier(10)

        def run(prefix) -> bool:
            barrier.wait()
            return promote_if_newer(series, prefix, by=str(prefix), client=client).promoted

        with ThreadPoolExecutor(10) as pool:
            promoted = list(pool.map(run, prefixes))

        latest = read_latest(series, client=client)
        assert latest.prefix == str(prefixes[-1])
        said = {str(prefix) for prefix, was in zip(prefixes, promoted, strict=True) if was}
        assert {entry.prefix for entry in latest.promotions} == said

    def test_it_gives_up_when_others_are_always_faster(self, client, series, put_model):
        prefix = put_model(client, "2026-01-31")
        other = str(put_model(client, "2026-01-30"))
        promote_if_newer(series, prefix, by="x", client=client)
        newer = put_model(client, "2026-02-01")
        text = client.get_object(Bucket="models", Key="churn/latest.json")["Body"].read().decode()
        writes = []

        def write_first(params, **_) -> None:
            if "IfMatch" in params:
                writes.append(f"{text} {' ' * len(writes)}")
                client.put_object(Bucket="models", Key="churn/latest.json", Body=writes[-1])

        client.meta.events.register("provide-client-params.s3.PutObject", write_first)
        try:
            with pytest.raises(WriteConflictError, match="another writer") as caught:
                promote_if_newer(series, newer, by="y", client=client, policy=RetryPolicy(3, 0, 0))
        finally:
            client.meta.events.unregister("provide-client-params.s3.PutObject", write_first)
        assert caught.value.retryable
        assert len(writes) == 3
        assert read_latest(series, client=client).prefix == str(prefix) != other


class TestByHand:
    """What people may do: promote and roll back, with who and when in the history."""

    def test_promote_makes_an_older_model_the_latest(self, client, series, upload, dates):
        for day in DAYS:
            upload(day)
        result = promote(series, "2026-01-02", by="ann@desk", client=client)
        assert (result.latest.promoted_by, result.latest.action) == ("ann@desk", "promote")
        assert result.latest.promoted_at.tzinfo
        assert dates()[:2] == ["2026-01-02", "2026-01-05"]

    def test_promote_names_the_versions_that_there_are_the_newest_first(self, client, series, upload):
        for day in ("2026-01-30", "2026-01-31"):
            upload(day)
        with pytest.raises(ModelNotFoundError, match=r'; there are "2026-01-31", "2026-01-30"\.'):
            promote(series, "2026-01-13", by="ann", client=client)

    @both_servers
    def test_each_rollback_goes_one_model_further_back(self, client, series, upload, dates):
        for day in DAYS[:3]:
            upload(day)
        assert rollback(series, by="ann", client=client).latest.action == "rollback"
        assert dates()[0] == "2026-01-02"
        rollback(series, by="bob", client=client)
        assert dates()[0] == "2026-01-01"
        with pytest.raises(RegistryError, match="names no earlier model"):
            rollback(series, by="cem", client=client)
        entries = read_latest(series, client=client).promotions
        assert [entry.promoted_by for entry in entries[:2]] == ["bob", "ann"]

    def test_a_rollback_undoes_a_promotion_by_hand(self, client, series, upload, dates):
        for day in DAYS[:3]:
            upload(day)
        promote(series, "2026-01-01", by="ann", client=client)
        rollback(series, by="ann", client=client)
        assert dates()[0] == "2026-01-03"

    def test_a_rollback_to_a_model_that_is_gone_is_refused(self, client, series, upload, dates):
        upload("2026-01-01")
        upload("2026-01-02")
        client.delete_object(Bucket="models", Key="churn/2026-01-01/manifest.json")
        with pytest.raises(RegistryError, match=r"2026-01-01/, the model before, is not there"):
            rollback(series, by="ann", client=client)
        assert dates()[0] == "2026-01-02"

    def test_there_is_nothing_to_roll_back_before_the_first_promotion(self, client, series):
        with pytest.raises(ModelNotFoundError, match=r"s3://models/churn/latest\.json does not exist"):
            rollback(series, by="ann", client=client)

    def test_the_history_keeps_the_last_twenty_and_what_people_chose(self, client, series, upload):
        start = date(2026, 1, 1)
        upload("2026-01-01")
        upload("2026-01-02")
        promote(series, "2026-01-01", by="ann", client=client)
        for day in range(2, 32):
            upload(str(start + timedelta(days=day)))
        history = read_latest(series, client=client).history
        assert len(history) == 21
        assert (history[-1].promoted_by, history[-1].action) == ("ann", "promote")


class TestDamaged:
    """A latest.json that cannot be understood is reported, never guessed at, and can be repaired."""

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            (b"{", "Invalid JSON"),
            (b"", "Invalid JSON"),
            (b"\xff\xfe", "Invalid JSON"),
            (b"[]", "should be an object"),
            (b"{}", "prefix: Field required"),
            ({"date": "31.1.2026"}, "date: "),
            ({"metrics": [1]}, "metrics: "),
            ({"action": "guess"}, "action: "),
            ({"history": [{"prefix": 7}]}, r"history\.0\.prefix: "),
            ({"prefix": "s3://elsewhere/churn/2026-01-31/"}, "is not a prefix of this pipeline's models"),
            (
                {"prefix": "s3://models/churn/../wine/2026-01-31/"},
                "is not a prefix of this pipeline's models",
            ),
            ({"prefix": "http://models/"}, "is not on S3"),
        ],
    )
    def test_it_is_a_clear_error(self, client, series, put_model, changes, problem):
        prefix = put_model(client, "2026-01-31")
        content = promote_if_newer(series, prefix, by="x", client=client).latest.to_json()
        damaged = (
            changes if isinstance(changes, bytes) else json.dumps(json.loads(content) | changes).encode()
        )
        client.put_object(Bucket="models", Key="churn/latest.json", Body=damaged)

        with pytest.raises(
            DamagedPointerError, match=rf"churn/latest\.json is damaged: .*{problem}"
        ) as caught:
            read_latest(series, client=client)
        assert "refinery promote NAME DATE" in str(caught.value)
        with pytest.raises(DamagedPointerError):
            promote_if_newer(series, put_model(client, "2026-02-01"), by="x", client=client)
        with pytest.raises(DamagedPointerError):
            rollback(series, by="x", client=client)
        left = client.get_object(Bucket="models", Key="churn/latest.json")["Body"].read()
        assert left == damaged

    def test_promoting_by_hand_mends_it(self, client, series, upload, dates):
        upload("2026-01-30")
        upload("2026-01-31")
        client.put_object(Bucket="models", Key="churn/latest.json", Body=b"{")
        promote(series, "2026-01-31", by="ann", client=client)
        assert dates() == ["2026-01-31"]
        assert upload("2026-02-01").promoted
