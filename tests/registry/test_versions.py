"""A pipeline's models, listed, at few requests however many there are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from include.registry import ModelSeries, describe_versions, list_versions, read_version
from include.registry.errors import ModelNotFoundError, NoSuchVersionError


def names(series, client) -> list[str]:
    return [version.name for version in list_versions(series, client=client)]


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


def test_names_without_a_date_are_sorted_by_when_they_were_uploaded(moto, strict_client, put_model):
    series = ModelSeries.of_output("s3://models/churn/{{ run_id }}/")
    for name in ("scheduled__2026", "manual__2026", "asset__2026"):
        put_model(strict_client, name, of=series)
        moto.head_object(Bucket="models", Key=f"churn/{name}/manifest.json")
    assert sorted(names(series, strict_client)) == ["asset__2026", "manual__2026", "scheduled__2026"]


def test_there_may_be_none(client, series):
    assert names(series, client) == []


def test_a_thousand_versions_take_few_requests(strict_client, series, put_model, count_requests):
    for day in range(1000):
        put_model(strict_client, str(date(2023, 1, 1) + timedelta(days=day)))

    requests = count_requests(strict_client)
    versions = list_versions(series, client=strict_client)
    assert len(versions) == 1000
    assert len(requests) == 2  # a thousand objects each

    described = describe_versions(versions[:20], client=strict_client)
    assert [one.version.name for one in described] == [version.name for version in versions[:20]]
    assert described[0].manifest["metrics"] == {"r2": 0.5}
    assert len(requests) == 22


def test_a_manifest_that_is_damaged_is_told_and_hides_no_other(client, series, put_model):
    put_model(client, "2026-01-30")
    client.put_object(Bucket="models", Key="churn/2026-01-31/manifest.json", Body=b"{")
    damaged, whole = describe_versions(list_versions(series, client=client), client=client)
    assert damaged.manifest == {}
    assert r"2026-01-31/ holds no model: its manifest.json is damaged" in damaged.problem
    assert whole.problem == ""


@pytest.mark.parametrize("name", ["2026-01-13", "yesterday", "", "../wine"])
def test_a_version_that_is_not_there_is_told(client, series, put_model, name):
    put_model(client, "2026-01-31")
    with pytest.raises(NoSuchVersionError, match="s3://models/churn/ holds no model") as caught:
        read_version(series, name, client=client)
    assert caught.value.known == ("2026-01-31",)


def test_a_version_whose_manifest_is_no_object_is_told(client, series):
    client.put_object(Bucket="models", Key="churn/2026-01-31/manifest.json", Body=b"[]")
    with pytest.raises(ModelNotFoundError, match=r"its manifest\.json is no JSON object"):
        read_version(series, "2026-01-31", client=client)
