"""A promoted model that a rerun of its date replaced is listed, loaded, compared, promoted and rolled back to as any other."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from refinery.registry import (
    ModelSeries,
    compare,
    delete_old_models,
    find_manifest,
    list_series,
    list_versions,
    promote,
    promote_if_newer,
    read_latest,
    read_version,
    rollback,
)
from refinery.registry.errors import RegistryError
from refinery.storage import upload_model

both_servers = pytest.mark.parametrize("client", ["nanio", "moto"], indirect=True)


@pytest.fixture
def upload(client, series, tmp_path, make_model):
    """Upload a model of a date with its r2, and promote it, as the last step of a run does; return its name once replaced."""

    def upload(day: str, r2: float, of=series) -> str:
        manifest = make_model(tmp_path / f"{day}-{r2}", day, r2)
        prefix = of.prefix_of(day)
        upload_model(tmp_path / f"{day}-{r2}", prefix, client=client)
        promote_if_newer(of, prefix, by=f"run of {day}", client=client)
        return f"{day}@{hashlib.sha256(manifest).hexdigest()[:12]}"

    return upload


@pytest.fixture
def make_model():
    def make(folder, day: str, r2: float) -> bytes:
        folder.mkdir()
        content = f"model of {r2}".encode()
        (folder / "model.pkl").write_bytes(content)
        run = {"dag_id": "churn", "run_id": f"scheduled__{day}", "logical_date": f"{day}T00:00:00+00:00"}
        facts = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        manifest = {"metrics": {"r2": r2}, "files": {"model.pkl": facts}, "provenance": {"run": run}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return (folder / "manifest.json").read_bytes()

    return make


@pytest.fixture
def names(client, series):
    return lambda of=series: [version.name for version in list_versions(of, client=client)]


@pytest.fixture
def latest(client, series):
    """Give the name and the r2 of the latest model, read from where it lies."""

    def latest() -> tuple[str, float]:
        manifest = find_manifest(series, None, client=client)
        return series.version_of(manifest.prefix), manifest.content["metrics"]["r2"]

    return latest


@both_servers
def test_it_is_listed_below_the_model_of_its_date(client, upload, names):
    upload("2026-01-30", 0.1)
    first, second = upload("2026-01-31", 0.2), upload("2026-01-31", 0.3)
    upload("2026-01-31", 0.4)
    assert re.fullmatch(r"2026-01-31@[0-9a-f]{12}", first)
    assert names()[0] == "2026-01-31"
    assert set(names()[1:3]) == {first, second}
    assert names()[3:] == ["2026-01-30"]


def test_its_objects_are_its_own(client, series, upload):
    upload("2026-01-31", 0.1)
    upload("2026-01-31", 0.2)
    present, kept = list_versions(series, client=client)
    assert {item.key.rpartition("/")[2] for item in kept.objects} == {"manifest.json", "model.pkl"}
    assert len(present.objects) == len(kept.objects) == 2


def test_it_is_read_and_compared_by_its_name(client, series, upload):
    replaced = upload("2026-01-31", 0.1)
    upload("2026-01-31", 0.2)
    manifests = [read_version(series, name, client=client) for name in (replaced, "2026-01-31")]
    (r2,) = compare(*(manifest.content for manifest in manifests)).sections["metrics"]
    assert (r2.first, r2.second) == (0.1, 0.2)


@both_servers
def test_a_rollback_goes_to_it_and_then_further_back(client, series, upload, latest):
    upload("2026-01-30", 0.1)
    first = upload("2026-01-31", 0.2)
    second = upload("2026-01-31", 0.3)
    upload("2026-01-31", 0.4)
    seen = []
    for _ in range(3):
        rollback(series, by="ann", client=client)
        seen.append(latest())
    assert seen == [(second, 0.3), (first, 0.2), ("2026-01-30", 0.1)]
    with pytest.raises(RegistryError, match=r"cannot be rolled back"):
        rollback(series, by="ann", client=client)


def test_a_person_promotes_it_and_a_rollback_undoes_that(client, series, upload, latest):
    replaced = upload("2026-01-31", 0.1)
    upload("2026-01-31", 0.2)
    result = promote(series, replaced, by="ann", client=client)
    assert str(result) == f"s3://models/churn/2026-01-31/replaced/{replaced[-12:]}/ is now the latest model."
    assert latest() == (replaced, 0.1)
    rollback(series, by="ann", client=client)
    assert latest() == ("2026-01-31", 0.2)


def test_a_rerun_after_it_was_rolled_back_to_is_promoted(client, series, upload, latest):
    """Also where a newer date was promoted meanwhile."""
    upload("2026-01-30", 0.1)
    upload("2026-01-30", 0.2)
    upload("2026-01-31", 0.3)
    for _ in range(2):
        rollback(series, by="ann", client=client)
    assert latest()[1] == 0.1
    upload("2026-01-30", 0.4)
    assert latest() == ("2026-01-30", 0.4)


def test_every_model_of_the_history_is_there(client, series, upload):
    for r2 in (0.1, 0.2, 0.3):
        upload("2026-01-30", r2)
        upload("2026-01-31", r2 + 0.5)
    there = {
        read_version(series, version.name, client=client).sha256
        for version in list_versions(series, client=client)
    }
    history = {promotion.manifest_sha256 for promotion in read_latest(series, client=client).promotions}
    assert len(there) == 6
    assert history <= there


def test_it_stays_while_the_history_names_it(client, series, upload, names):
    replaced = upload("2026-01-30", 0.1)
    upload("2026-01-30", 0.2)
    plan = delete_old_models(series, pipeline="churn", keep=1, client=client)
    assert plan.deleted == ()
    assert names() == ["2026-01-30", replaced]


def test_one_that_was_never_promoted_goes_by_its_age(client, series, upload, names):
    upload("2026-01-31", 0.5)
    upload("2026-01-30", 0.1)
    upload("2026-01-30", 0.2)
    assert len(names()) == 3
    delete_old_models(series, pipeline="churn", keep=1, client=client)
    assert names() == ["2026-01-31"]
    assert {item["Key"] for item in client.list_objects_v2(Bucket="models")["Contents"]} == {
        "churn/2026-01-31/manifest.json",
        "churn/2026-01-31/model.pkl",
        "churn/latest.json",
    }


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("s3://models/{{ run_id }}/", "manual__1"),
        ("s3://models/a/{{ ds_nodash }}/{{ run_id }}/", "20260131/manual__1"),
        ("s3://models/only/", "current"),
        ("s3://models/", "current"),
        ("s3://models/rejected/{{ ds }}/", "2026-01-31"),
        ("s3://models/replaced/{{ run_id }}/", "0123456789ab"),
        ("s3://models/{{ run_id }}/", "rejected"),
    ],
)
def test_it_has_a_name_in_every_kind_of_output(client, names, output, version, tmp_path):
    of = ModelSeries.of_output(output)
    prefix = of.prefix_of(version)
    client.put_object(Bucket="models", Key=f"{prefix.key}rejected/x/manifest.json", Body=b"{}")
    (tmp_path / "model.pkl").write_bytes(b"model")
    first, second = (json.dumps({"files": {"model.pkl": {}}, "notes": [note]}) for note in "ab")
    for manifest in (first, second):
        (tmp_path / "manifest.json").write_text(manifest)
        upload_model(tmp_path, prefix, client=client)

    kept = f"{version}@{hashlib.sha256(first.encode()).hexdigest()[:12]}"
    assert set(names(of)) == {version, kept}
    assert of.version_of(of.prefix_of(kept)) == kept
    assert [str(url) for url in list_series(of, client=client).reports] == [f"{prefix}rejected/x/"]


def test_what_lies_below_the_models_of_a_neighbor_is_no_model_of_a_deeper_output(client, upload, names):
    upload("2026-01-31", 0.1)
    upload("2026-01-31", 0.2)
    client.put_object(Bucket="models", Key="churn/2026-01-31/rejected/x/manifest.json", Body=b"{}")
    for templates in (
        "{{ dag_id }}/{{ run_id }}",
        "{{ a }}/{{ b }}/{{ c }}",
        "{{ a }}/{{ b }}/{{ c }}/{{ d }}",
    ):
        deeper = names(ModelSeries.of_output(f"s3://models/{templates}/"))
        assert {name.partition("@")[0] for name in deeper} == (
            {"churn/2026-01-31"} if templates.count("{{") == 2 else set()
        )
