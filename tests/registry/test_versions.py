"""A pipeline's models, listed, at few requests however many there are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from refinery.registry import ModelSeries, describe_versions, list_versions, read_version
from refinery.registry.errors import ModelNotFoundError

both_servers = pytest.mark.parametrize("client", ["nanio", "moto"], indirect=True)


def names(series, client) -> list[str]:
    return [version.name for version in list_versions(series, client=client)]


@both_servers
def test_the_newest_date_comes_first_whenever_it_was_uploaded(client, series, put_model):
    for day in ("2026-01-30", "2026-02-01", "2025-12-31"):
        put_model(client, day)
    assert names(series, client) == ["2026-02-01", "2026-01-30", "2025-12-31"]


def test_only_whole_models_are_listed(client, series, put_model):
    put_model(client, "2026-01-30")
    for key in (
        "latest.json",
        "2026-01-31/model.pkl",
        "2026-01-30/rejected/manual__x/manifest.json",
        "2026-02-01/rejected/manual__x/manifest.json",
        "rejected/manual__x/manifest.json",
        "notes/manifest.json",
        "manifest.json",
    ):
        client.put_object(Bucket="models", Key=f"churn/{key}", Body=b"{}")
    assert names(series, client) == ["2026-01-30"]


@both_servers
def test_a_size_is_that_of_all_objects_of_the_model(client, series, put_model):
    put_model(client, "2026-01-30")
    before = list_versions(series, client=client)[0]
    client.put_object(Bucket="models", Key="churn/2026-01-30/plots/roc.svg", Body=b"x" * 1000)
    # A model of another pipeline, which lies deeper.
    client.put_object(Bucket="models", Key="churn/2026-01-30/us/manifest.json", Body=b"x" * 5000)
    version = list_versions(series, client=client)[0]
    assert version.size == before.size + 1000
    assert version.uploaded_at.tzinfo


def test_outputs_that_share_a_root_do_not_share_models(client, put_model):
    churn, wine = (ModelSeries.of_output(f"s3://models/{{{{ ds }}}}/{name}/") for name in ("churn", "wine"))
    put_model(client, "2026-01-30", of=churn)
    put_model(client, "2026-01-31", of=wine)
    assert names(churn, client) == ["2026-01-30"]
    assert names(wine, client) == ["2026-01-31"]


def test_names_without_a_date_are_sorted_by_when_they_were_uploaded(client, put_model):
    series = ModelSeries.of_output("s3://models/churn/{{ run_id }}/")
    for name in ("scheduled__2026", "manual__2026", "asset__2026"):
        put_model(client, name, of=series)
        client.head_object(Bucket="models", Key=f"churn/{name}/manifest.json")
    assert sorted(names(series, client)) == ["asset__2026", "manual__2026", "scheduled__2026"]


def test_there_may_be_none(client, series):
    assert names(series, client) == []


def test_hundreds_of_versions_take_few_requests(client, series, put_model, count_requests):
    for day in range(510):
        put_model(client, str(date(2023, 1, 1) + timedelta(days=day)))

    requests = count_requests(client)
    versions = list_versions(series, client=client)
    assert len(versions) == 510
    assert len(requests) == 2  # a thousand objects each

    described = describe_versions(versions[:20], client=client)
    assert [one.version.name for one in described] == [version.name for version in versions[:20]]
    assert described[0].manifest["metrics"] == {"r2": 0.5}
    assert len(requests) == 22


def test_a_manifest_that_is_damaged_is_reported_and_hides_no_other(client, series, put_model):
    put_model(client, "2026-01-30")
    client.put_object(Bucket="models", Key="churn/2026-01-31/manifest.json", Body=b"{")
    damaged, whole = describe_versions(list_versions(series, client=client), client=client)
    assert damaged.manifest == {}
    assert r"2026-01-31/ holds no model: its manifest.json is damaged" in damaged.problem
    assert whole.problem == ""


@pytest.mark.parametrize("name", ["2026-01-13", "yesterday", "", "../wine"])
def test_a_version_that_is_not_there_is_reported(client, series, put_model, name):
    put_model(client, "2026-01-31")
    with pytest.raises(
        ModelNotFoundError, match=r's3://models/churn/ holds no model .*; there are "2026-01-31"\.'
    ):
        read_version(series, name, client=client)


def test_a_version_whose_manifest_is_no_object_is_reported(client, series):
    client.put_object(Bucket="models", Key="churn/2026-01-31/manifest.json", Body=b"[]")
    with pytest.raises(ModelNotFoundError, match=r"its manifest\.json is not a JSON object"):
        read_version(series, "2026-01-31", client=client)
