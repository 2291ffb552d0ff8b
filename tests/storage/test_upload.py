from __future__ import annotations

import hashlib
import json
import logging
import random
from typing import TYPE_CHECKING

import pytest

from refinery.spec.urls import S3Url
from refinery.storage import RetryPolicy, upload_model
from refinery.storage.errors import (
    AccessDeniedError,
    DataCorruptedError,
    RemoteError,
    StorageError,
    ThrottledError,
)
from tests.effort import effort

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = S3Url("data", "petrol/2026-01-31/")
both_servers = pytest.mark.parametrize("endpoint", ["nanio", "moto"], indirect=True)


def make_model(folder: Path, **files: bytes) -> Path:
    """Write files, a double underscore for the dot, and a manifest as training does."""
    folder.mkdir(parents=True)
    contents = {name.replace("__", "."): content for name, content in files.items()}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    entries = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in contents.items()
    }
    (folder / "manifest.json").write_text(json.dumps({"files": entries}))
    return folder


@pytest.fixture
def model(tmp_path) -> Path:
    return make_model(tmp_path / "first", model__pkl=b"first model", metrics__json=b"{}", card__html=b"<p>")


@pytest.fixture
def next_model(tmp_path) -> Path:
    return make_model(tmp_path / "next", model__pkl=b"next model", model__onnx=b"onnx", metrics__json=b"{}")


def stored(client) -> dict[str, bytes]:
    keys = [found["Key"] for found in client.list_objects_v2(Bucket="data").get("Contents", [])]
    return {key: client.get_object(Bucket="data", Key=key)["Body"].read() for key in keys}


def names_of_models(proxy, method: str) -> list[str]:
    """Name the objects of requests, but for the lease."""
    names = [request.name for request in proxy.requests if request.method == method]
    return [name for name in names if name != ".refinery-lease"]


def end_lease(client) -> None:
    """Delete the lease that an upload which was cut off has left, as if its time were over."""
    client.delete_object(Bucket="data", Key=PREFIX.key + ".refinery-lease")


def under_prefix(folder: Path) -> dict[str, bytes]:
    return {PREFIX.key + path.name: path.read_bytes() for path in folder.iterdir()}


def replaced(folder: Path) -> dict[str, bytes]:
    """What is kept of a model that another one has replaced."""
    sha256 = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return {f"{PREFIX.key}replaced/{sha256[:12]}/{path.name}": path.read_bytes() for path in folder.iterdir()}


def is_whole(objects: dict[str, bytes], manifest: str) -> bool:
    """Whether every file that a manifest names is there as it says."""
    entries = json.loads(objects[manifest])["files"]
    prefix = manifest.removesuffix("manifest.json")
    return all(
        hashlib.sha256(objects.get(prefix + name, b"")).hexdigest() == entry["sha256"]
        for name, entry in entries.items()
    )


def assert_whole_models(objects: dict[str, bytes], *either: dict[str, bytes]) -> None:
    """Each manifest there is stands beside all of its files, and of some places for one model, one at least holds it."""
    manifests = [key for key in objects if key.endswith("/manifest.json")]
    assert all(is_whole(objects, manifest) for manifest in manifests)
    assert any(place.items() <= objects.items() for place in either)


@both_servers
class TestUpload:
    def test_all_files_are_there_and_their_urls_come_back(self, client, model):
        urls = upload_model(model, PREFIX, client=client)
        assert stored(client) == under_prefix(model)
        assert urls == [
            "s3://data/petrol/2026-01-31/card.html",
            "s3://data/petrol/2026-01-31/metrics.json",
            "s3://data/petrol/2026-01-31/model.pkl",
            "s3://data/petrol/2026-01-31/manifest.json",
        ]

    def test_the_manifest_goes_last(self, client, proxied, proxy, model):
        upload_model(model, PREFIX, client=proxied)
        uploads = names_of_models(proxy, "PUT")
        assert uploads == ["card.html", "metrics.json", "model.pkl", "manifest.json"]

    def test_browsers_are_told_what_each_file_is(self, client, tmp_path):
        files = ["model.pkl", "model.skops", "model.onnx", "card.html", "card.md", "plot.svg", "metrics.json"]
        upload_model(
            make_model(tmp_path / "m", **{name.replace(".", "__"): b"1" for name in files}),
            PREFIX,
            client=client,
        )
        types = {
            name: client.head_object(Bucket="data", Key=PREFIX.key + name)["ContentType"]
            for name in [*files, "manifest.json"]
        }
        assert types == {
            "model.pkl": "application/octet-stream",
            "model.skops": "application/octet-stream",
            "model.onnx": "application/octet-stream",
            "card.html": "text/html; charset=utf-8",
            "card.md": "text/markdown; charset=utf-8",
            "plot.svg": "image/svg+xml",
            "metrics.json": "application/json",
            "manifest.json": "application/json",
        }

    def test_folders_are_kept_and_empty_files_too(self, client, model):
        (model / "plots").mkdir()
        (model / "plots" / "résidus 1.svg").write_bytes(b"")
        upload_model(model, PREFIX, client=client)
        assert stored(client)[PREFIX.key + "plots/résidus 1.svg"] == b""

    def test_a_bucket_itself_may_be_the_prefix(self, client, model):
        upload_model(model, S3Url("data", ""), client=client)
        assert set(stored(client)) == {"card.html", "metrics.json", "model.pkl", "manifest.json"}

    def test_a_large_file_goes_up_in_parts(self, client, proxied, proxy, model):
        content = random.Random(0).randbytes(70 << 20)
        (model / "model.pkl").write_bytes(content)
        upload_model(model, PREFIX, client=client)
        head = client.head_object(Bucket="data", Key=PREFIX.key + "model.pkl")
        assert head["ETag"].strip('"').endswith("-3")
        assert stored(client)[PREFIX.key + "model.pkl"] == content


class TestRerun:
    @both_servers
    def test_the_new_model_takes_the_place_of_the_former(self, client, model, next_model):
        upload_model(model, PREFIX, client=client)
        upload_model(next_model, PREFIX, client=client)
        assert stored(client) == under_prefix(next_model) | replaced(model)

    def test_each_model_that_was_there_is_kept_and_the_log_says_where(
        self, client, model, next_model, caplog, tmp_path
    ):
        third = make_model(tmp_path / "third", model__pkl=b"third model")
        with caplog.at_level(logging.INFO, "refinery.storage"):
            for folder in (model, next_model, model, third):
                upload_model(folder, PREFIX, client=client)
        assert stored(client) == under_prefix(third) | replaced(model) | replaced(next_model)
        kept = {key.rpartition("/")[0] for key in replaced(model)}
        assert (
            f"The model that s3://data/petrol/2026-01-31/ held is kept under s3://data/{kept.pop()}/."
            in caplog.text
        )

    @both_servers
    def test_files_in_folders_are_kept_with_their_types(self, client, model, next_model):
        (model / "plots").mkdir()
        (model / "plots" / "roc.svg").write_bytes(b"<svg>")
        manifest = json.loads((model / "manifest.json").read_text())
        manifest["files"]["plots/roc.svg"] = {}
        (model / "manifest.json").write_text(json.dumps(manifest))
        upload_model(model, PREFIX, client=client)
        upload_model(next_model, PREFIX, client=client)
        (key,) = (key for key in stored(client) if key.endswith("/plots/roc.svg"))
        assert "/replaced/" in key
        assert client.head_object(Bucket="data", Key=key)["ContentType"] == "image/svg+xml"

    @both_servers
    def test_the_same_model_again_is_never_away(self, client, proxied, proxy, model):
        upload_model(model, PREFIX, client=client)
        upload_model(model, PREFIX, client=proxied)
        assert names_of_models(proxy, "DELETE") == []
        assert stored(client) == under_prefix(model)

    def test_a_report_is_replaced(self, client, model, next_model):
        for folder in (model, next_model):
            upload_model(folder, PREFIX, client=client, keep_former=False)
        assert stored(client) == under_prefix(next_model)

    def test_a_file_that_is_gone_already_is_reported_and_the_rest_is_kept(
        self, client, model, next_model, caplog
    ):
        upload_model(model, PREFIX, client=client)
        client.delete_object(Bucket="data", Key=PREFIX.key + "card.html")
        upload_model(next_model, PREFIX, client=client)
        kept = {key: content for key, content in replaced(model).items() if not key.endswith("card.html")}
        assert stored(client) == under_prefix(next_model) | kept
        assert "card.html is not there, though its manifest names it" in caplog.text

    def test_a_server_that_does_not_copy_has_the_files_brought_to_it(
        self, client, proxied, proxy, model, next_model
    ):
        upload_model(model, PREFIX, client=client)

        def refuse_copies(answer):
            if "x-amz-copy-source" in {name.lower() for name in proxy.requests[-1].headers}:
                proxy.refuse(501, "NotImplemented")(answer)

        proxy.plan(*[refuse_copies] * 99)
        upload_model(next_model, PREFIX, client=proxied)
        assert stored(client) == under_prefix(next_model) | replaced(model)

    def test_what_no_manifest_names_stays(self, client, model, next_model):
        client.put_object(Bucket="data", Key=PREFIX.key + "notes.txt", Body=b"mine")
        client.put_object(Bucket="data", Key="petrol/2026-01-30/card.html", Body=b"another date's")
        upload_model(model, PREFIX, client=client)
        upload_model(next_model, PREFIX, client=client)
        assert set(stored(client)) == {
            *under_prefix(next_model),
            *replaced(model),
            PREFIX.key + "notes.txt",
            "petrol/2026-01-30/card.html",
        }

    def test_the_former_manifest_goes_before_anything_else_changes(
        self, client, proxied, proxy, model, next_model
    ):
        upload_model(model, PREFIX, client=client)
        upload_model(next_model, PREFIX, client=proxied)
        changes = [
            (request.method, request.name)
            for request in proxy.requests
            if request.method in ("PUT", "DELETE") and request.name != ".refinery-lease"
        ]
        copied = [
            ("PUT", "card.html"),
            ("PUT", "metrics.json"),
            ("PUT", "model.pkl"),
            ("PUT", "manifest.json"),
        ]
        assert sorted(changes[:3]) == copied[:3]
        assert changes[3:] == [
            copied[3],
            ("DELETE", "manifest.json"),
            ("DELETE", "card.html"),
            ("PUT", "metrics.json"),
            ("PUT", "model.onnx"),
            ("PUT", "model.pkl"),
            ("PUT", "manifest.json"),
        ]

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"files": 3}', b"\xff"])
    def test_a_damaged_manifest_is_replaced(self, client, model, content):
        client.put_object(Bucket="data", Key=PREFIX.key + "manifest.json", Body=content)
        upload_model(model, PREFIX, client=client)
        assert stored(client) == under_prefix(model)

    @pytest.mark.parametrize("answer_only", [True, pytest.param(False, marks=pytest.mark.thorough)])
    def test_cut_off_after_any_request_a_manifest_still_means_a_whole_model(
        self, client, proxied, proxy, *, model, next_model, answer_only
    ):
        """The former one, its copy, or the new one; and the rerun that follows ends right.

        Lost requests leave the same objects as lost answers of the requests before them.
        """
        fault = proxy.refuse(500, "InternalError") if answer_only else proxy.reset(after=0)
        once = RetryPolicy(attempts=1, throttle_timeout=0)
        cut_after, finished = 0, False
        while not finished:
            upload_model(model, PREFIX, client=client)
            proxy.plan(*[None] * cut_after, *[fault] * 99)
            try:
                upload_model(next_model, PREFIX, client=proxied, policy=once)
                finished = True
            except RemoteError:
                assert_whole_models(stored(client), under_prefix(model), replaced(model))
            proxy.plan()
            end_lease(client)
            upload_model(next_model, PREFIX, client=client)
            assert (under_prefix(next_model) | replaced(model)).items() <= stored(client).items()
            for key in stored(client):
                client.delete_object(Bucket="data", Key=key)
            cut_after += effort(2, 1)
        assert cut_after > 20


class TestNothingToUpload:
    def test_no_folder(self, client, tmp_path):
        with pytest.raises(StorageError, match="training left no model"):
            upload_model(tmp_path / "nowhere", PREFIX, client=client)

    def test_an_empty_folder(self, client, tmp_path):
        with pytest.raises(StorageError, match="holds no files"):
            upload_model(tmp_path, PREFIX, client=client)

    def test_a_link_that_leads_out_of_the_folder(self, client, model, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("of the worker")
        (model / "notes.txt").symlink_to(secret)
        with pytest.raises(StorageError, match=r"notes\.txt is a symbolic link"):
            upload_model(model, PREFIX, client=client)
        assert stored(client) == {}

    def test_no_manifest(self, client, model, next_model):
        """The model that is there stays."""
        upload_model(model, PREFIX, client=client)
        (next_model / "manifest.json").unlink()
        with pytest.raises(StorageError, match=r"holds no manifest\.json") as caught:
            upload_model(next_model, PREFIX, client=client)
        assert not caught.value.retryable
        assert stored(client) == under_prefix(model)


class TestFaults:
    @both_servers
    def test_missing_bucket(self, endpoint, make_client, model):
        client = make_client(endpoint, attempts=2)  # no other test's: nanio leaves its connection unusable
        with pytest.raises(RemoteError, match='bucket "no-such-bucket"') as caught:
            upload_model(model, S3Url("no-such-bucket", "a/"), client=client)
        assert not caught.value.retryable

    @pytest.mark.parametrize("allowed", [0, 1, 2, 3, 4])
    def test_denied(self, client, proxied, proxy, model, allowed):
        proxy.plan(*[None] * allowed, *[proxy.refuse(403, "AccessDenied")] * 99)
        with pytest.raises(AccessDeniedError, match=r"s3://data/petrol/2026-01-31/[\w.-]+ was denied"):
            upload_model(model, PREFIX, client=proxied)

    def test_one_who_may_write_but_not_list_can_upload(self, client, proxied, proxy, model):
        """S3 denies them a missing object instead of saying that it is missing."""
        proxy.plan(None, proxy.refuse(403, "AccessDenied"), proxy.refuse(403, "AccessDenied"))
        upload_model(model, PREFIX, client=proxied)
        assert stored(client) == under_prefix(model)

    def test_a_model_that_may_not_be_read_is_not_replaced(
        self, client, proxied, proxy, *, model, next_model, impatient
    ):
        """It could not be kept."""
        upload_model(model, PREFIX, client=client)
        before = stored(client)
        for denied in (1, 2):
            proxy.plan(None, *[proxy.refuse(403, "AccessDenied")] * denied)
            with pytest.raises(AccessDeniedError, match=r"manifest\.json was denied"):
                upload_model(next_model, PREFIX, client=proxied, policy=impatient)
            assert stored(client) == before

    @pytest.mark.parametrize(
        ("status", "code", "error"),
        [(503, "SlowDown", ThrottledError), (500, "InternalError", RemoteError)],
    )
    def test_faults_that_last_can_be_tried_again(
        self, client, proxied, proxy, model, impatient, *, status, code, error
    ):
        proxy.plan(None, None, *[proxy.refuse(status, code)] * 99)
        with pytest.raises(error) as caught:
            upload_model(model, PREFIX, client=proxied, policy=impatient)
        assert caught.value.retryable

    def test_throttled_twice_then_fine(self, client, make_client, proxy, model):
        proxy.plan(None, None, proxy.refuse(503, "SlowDown"), proxy.refuse(503, "SlowDown"))
        upload_model(model, PREFIX, client=make_client(proxy.url, attempts=3))
        assert stored(client) == under_prefix(model)

    def test_a_size_that_is_another_afterwards_is_noticed(self, client, proxied, proxy, model, impatient):
        proxy.plan(None, None, *[None, proxy.with_headers(Content_Length="1")] * 9)
        with pytest.raises(DataCorruptedError, match=r"card\.html .*1 bytes are stored of 3"):
            upload_model(model, PREFIX, client=proxied, policy=impatient)
        assert PREFIX.key + "manifest.json" not in stored(client)

    def test_throttling_outlasts_the_clients_own_attempts_and_is_waited_out(
        self, client, proxied, proxy, model
    ):
        slept = []
        proxy.plan(None, None, *[proxy.refuse(503, "SlowDown")] * 9)
        upload_model(model, PREFIX, client=proxied, policy=RetryPolicy(sleep=slept.append))
        assert len(slept) == 9
        assert stored(client) == under_prefix(model)

    def test_throttling_of_the_former_manifests_deletion_is_waited_out(
        self, client, proxied, proxy, *, model, next_model, impatient
    ):
        upload_model(model, PREFIX, client=client)

        def throttle_once(answer):
            if proxy.requests[-1].method == "DELETE" and len(names_of_models(proxy, "DELETE")) == 1:
                proxy.refuse(503, "SlowDown")(answer)

        proxy.plan(*[throttle_once] * 99)
        upload_model(next_model, PREFIX, client=proxied, policy=impatient)
        deleted = names_of_models(proxy, "DELETE")
        assert deleted == ["manifest.json", "manifest.json", "card.html"]
        assert stored(client) == under_prefix(next_model) | replaced(model)

    def test_a_connection_that_is_reset_in_the_middle_of_a_file_is_tried_again(
        self, client, proxied, proxy, model, impatient
    ):
        (model / "card.html").write_bytes(random.Random(0).randbytes(3_500_000))
        proxy.plan(None, None, proxy.reset(after=1_700_000))
        upload_model(model, PREFIX, client=proxied, policy=impatient)
        names = names_of_models(proxy, "PUT")
        assert names == ["card.html", "card.html", "metrics.json", "model.pkl", "manifest.json"]
        assert stored(client) == under_prefix(model)

    def test_a_connection_that_is_reset_each_time_leaves_no_model(
        self, client, proxied, proxy, model, impatient
    ):
        (model / "card.html").write_bytes(random.Random(0).randbytes(3_500_000))
        proxy.plan(None, None, *[proxy.reset(after=1_700_000)] * 3)
        with pytest.raises(RemoteError, match=r"connection broke while s3://data/.*card\.html") as caught:
            upload_model(model, PREFIX, client=proxied, policy=impatient)
        assert caught.value.retryable
        end_lease(client)
        assert stored(client) == {}

    def test_a_bucket_that_may_only_be_read_is_reported_as_that(
        self, client, proxied, proxy, model, next_model
    ):
        upload_model(model, PREFIX, client=client)

        def read_only(answer):
            if proxy.requests[-1].method in {"PUT", "DELETE", "POST"}:
                proxy.refuse(403, "AccessDenied")(answer)

        proxy.plan(*[read_only] * 99)
        with pytest.raises(
            AccessDeniedError,
            match=r"Writing to s3://data/.* was denied\. Let .* write and delete .*s3:PutObject",
        ) as caught:
            upload_model(next_model, S3Url("data", "read-only/"), client=proxied)
        assert not caught.value.retryable

    def test_credentials_that_expire_between_two_files_leave_no_model(self, client, proxied, proxy, model):
        proxy.plan(None, None, None, None, *[proxy.refuse(400, "ExpiredToken")] * 99)
        with pytest.raises(RemoteError, match="Renew the session token") as caught:
            upload_model(model, PREFIX, client=proxied)
        assert caught.value.retryable
        # Not asked again with the same ones, but for the lease's end.
        assert [request.name for request in proxy.requests[5:]] == [".refinery-lease"]
        assert PREFIX.key + "manifest.json" not in stored(client)

    def test_credentials_that_expire_between_two_parts_leave_no_object(self, client, proxied, proxy, model):
        with (model / "card.html").open("wb") as sparse:
            sparse.truncate(65 << 20)
        proxy.plan(None, None, None, *[proxy.refuse(400, "ExpiredToken")] * 99)
        with pytest.raises(RemoteError, match=r"card\.html have expired") as caught:
            upload_model(model, PREFIX, client=proxied)
        assert caught.value.retryable
        end_lease(client)
        assert stored(client) == {}

    def test_a_server_that_takes_a_file_slowly_gets_it_whole(
        self, client, proxy, make_client, model, impatient
    ):
        """It takes longer than silence may last, which leaves a busy machine time for each piece."""
        (model / "card.html").write_bytes(random.Random(0).randbytes(40 << 20))
        proxy.plan(None, None, proxy.sip(0.5))
        upload_model(model, PREFIX, client=make_client(proxy.url, read_timeout=4), policy=impatient)
        names = names_of_models(proxy, "PUT")
        assert names == ["card.html", "metrics.json", "model.pkl", "manifest.json"]
        assert stored(client) == under_prefix(model)

    def test_an_object_that_is_deleted_as_soon_as_it_is_written_is_written_again(
        self, client, proxied, proxy, model, impatient
    ):
        def delete(_):
            client.delete_object(Bucket="data", Key=PREFIX.key + "card.html")

        proxy.plan(None, None, delete)
        upload_model(model, PREFIX, client=proxied, policy=impatient)
        assert stored(client) == under_prefix(model)

    def test_no_server(self, make_client, model, impatient):
        with pytest.raises(RemoteError, match=r"127\.0\.0\.1:9"):
            upload_model(model, PREFIX, client=make_client("http://127.0.0.1:9"), policy=impatient)


def test_memory_does_not_grow_with_the_model(peak_memory, tmp_path):
    """Ten times the bytes, the same peak."""

    def peak(megabytes: int) -> int:
        folder = make_model(tmp_path / str(megabytes))
        with (folder / "model.pkl").open("wb") as sparse:
            sparse.truncate(megabytes << 20)
        return peak_memory(f"upload_model(Path({str(folder)!r}), S3Url('models', 'memory/'), client=client)")

    assert peak(200) - peak(20) < 60
